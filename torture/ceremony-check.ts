import { setTimeout as sleep } from "node:timers/promises";
import { listCeremonies } from "../src/authorities/ceremony/account.ts";
import type { TestEstate } from "../src/authorities/ceremony/estate.testkit.ts";
import { openNote } from "../src/ledger/note.ts";
import { type CeremonyEstate, runCeremony } from "./ceremony-run.ts";
import type { Random } from "./random.ts";

const attempts = 100;

/** Resumes the ceremony that was killed, or abandons it; one that left no trace, or ended, is left as it is. */
export async function finishCeremony(on: CeremonyEstate, random: Random): Promise<void> {
  const way = random.oneIn(3) ? "abandon" : "resume";
  for (let attempt = 1; ; attempt += 1) {
    const { how, errors } = await runCeremony(on, await stillPossible(on.estate, way));
    if (how === "0") return;
    if (errors.includes("CEREMONY_NONE_UNFINISHED")) return;
    // PostgreSQL has not seen yet that the killed process's connection is gone.
    if (!errors.includes("CEREMONY_UNDER_WAY") || attempt === attempts) throw new Error(errors);
    await sleep(100);
  }
}

/** A ceremony whose CAs are lodged cannot be abandoned any more: it only lacks its record. */
async function stillPossible(estate: TestEstate, way: "abandon" | "resume"): Promise<"abandon" | "resume"> {
  const ceremonies = await estate.database.read((tx) => listCeremonies(tx));
  return ceremonies.some(({ state }) => state === "held") ? "resume" : way;
}

/** Every ceremony has ended and has its signed record; there is a key for every CA, and none besides. */
export async function checkCeremonies(estate: TestEstate): Promise<void> {
  const ceremonies = await estate.database.read((tx) => listCeremonies(tx));
  for (const { id, state, record } of ceremonies) {
    if (state !== "recorded" && state !== "abandoned")
      throw new Error(`ceremony ${String(id)} stands as ${state}`);
    openNote(record ?? "", [estate.ledger.verifier]);
  }
  const authorities = await estate.authorities();
  const stores = [estate.ceremonySigner, estate.operationalSigner];
  const keys = (await Promise.all(stores.map((store) => store.listKeys()))).flat();
  for (const { id, keyLabel, certificate } of authorities) {
    const key = keys.find(({ label }) => label === keyLabel);
    if (key === undefined || !certificate.includes(key.publicKey))
      throw new Error(`${id} has no key, or another's`);
  }
  const used = new Set(authorities.map(({ keyLabel }) => keyLabel));
  const others =
    authorities.length === 0 ? ["ledger"] : ["ledger", "contingency", "contingency-symmetric-key"];
  const labels = (await Promise.all(stores.map((store) => store.listLabels()))).flat();
  const unknown = labels.filter((label) => !used.has(label) && !others.includes(label));
  if (unknown.length > 0) throw new Error(`keys of no CA are left: ${unknown.join(", ")}`);
  const report = await estate.verify();
  if (!report.holds) throw new Error(`the ledger does not hold: ${JSON.stringify(report)}`);
}
