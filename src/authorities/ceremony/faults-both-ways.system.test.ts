import { expect, test } from "vitest";
import { isSmkiError } from "../../errors/smki-error.ts";
import type { Signer } from "../../keys/signer.ts";
import { readCeremony } from "./account.ts";
import type { CeremonyRoom } from "./ceremony-room.ts";
import { emptyEstate, sampleSitting, type TestEstate } from "./estate.testkit.ts";
import { foundHierarchy } from "./found-hierarchy.ts";
import { abandonCeremony, resumeCeremony } from "./resume.ts";

/** Fails each thing once before it is done and once after, so that a ceremony gets on by one thing a sitting. */
class Faults {
  readonly #failed = new Set<string>();

  get count(): number {
    return this.#failed.size;
  }

  async around<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
    this.failOnce(`${what}, not done`);
    const result = await work();
    this.failOnce(`${what}, done`);
    return result;
  }

  failOnce(what: string): void {
    if (this.#failed.has(what)) return;
    this.#failed.add(what);
    throw new Error(`a fault: ${what}`);
  }
}

function faultySigner(signer: Signer, faults: Faults): Signer {
  return new Proxy(signer, {
    get: (target, name: keyof Signer) => {
      const value = target[name];
      if (typeof value !== "function") return value;
      return (...words: readonly unknown[]) => {
        const call = () => Reflect.apply(value as (...words: unknown[]) => Promise<unknown>, target, words);
        return name === "close"
          ? call()
          : faults.around(`${name} ${typeof words[0] === "string" ? words[0] : ""}`, call);
      };
    },
  });
}

function faultyRoom(estate: TestEstate, faults: Faults): CeremonyRoom {
  const room = estate.room();
  return {
    ...room,
    ceremonySigner: faultySigner(room.ceremonySigner, faults),
    operationalSigner: faultySigner(room.operationalSigner, faults),
    checkpoint: () => faults.around("checkpoint", room.checkpoint),
    signRecord: (text) => faults.around("sign record", () => room.signRecord(text)),
    // Those before a commit and after it are two points.
    afterStep: (step, journaled = "") => {
      faults.failOnce(`${step} ${journaled}`);
    },
  };
}

/**
 * Goes on until it succeeds, as people would who do not give up: one that is not unfinished any more has.
 *
 * @returns in how many sittings
 */
async function untilItSucceeds(begin: () => Promise<unknown>, goOn: () => Promise<unknown>): Promise<number> {
  let next = begin;
  for (let sittings = 1; sittings < 1_000; sittings += 1) {
    try {
      await next();
      return sittings;
    } catch (error) {
      if (isSmkiError(error, "CEREMONY_NONE_UNFINISHED")) return sittings;
      if (isSmkiError(error, "CEREMONY_UNFINISHED")) next = goOn;
      else if (!String(error).includes("a fault")) throw error;
    }
  }
  return expect.fail("it did not succeed");
}

test("a founding in which everything fails once, before it is done and after, ends in one whole hierarchy", async () => {
  const estate = await emptyEstate({ stockSize: 1 });
  const faults = new Faults();
  const room = faultyRoom(estate, faults);
  const sittings = await untilItSucceeds(
    () => foundHierarchy(room, sampleSitting),
    () => resumeCeremony(room, sampleSitting),
  );
  expect(faults.count).toBeGreaterThan(100);
  expect(sittings).toBeGreaterThan(100);
  const authorities = await estate.authorities();
  expect(authorities).toHaveLength(6);
  const keys = [...(await estate.ceremonySigner.listKeys()), ...(await estate.operationalSigner.listKeys())];
  for (const { keyLabel, certificate } of authorities)
    expect(certificate.includes(keys.find(({ label }) => label === keyLabel)?.publicKey ?? keyLabel)).toBe(
      true,
    );
  expect(await estate.actsOf("ceremony.held")).toHaveLength(1);
  expect(await estate.actsOf("ceremony.recorded")).toHaveLength(1);
  expect(await estate.verify()).toMatchObject({ holds: true, findings: [] });
  await estate.end();
});

test("an abandonment in which everything fails once ends with no key, and tells of each", async () => {
  const estate = await emptyEstate({ stockSize: 1 });
  await estate.inProcess({ purpose: "found" }, { step: "writing" });
  const faults = new Faults();
  const room = faultyRoom(estate, faults);
  const abandon = () => abandonCeremony(room, sampleSitting);
  await untilItSucceeds(abandon, abandon);
  expect(await estate.ceremonySigner.listLabels()).toEqual([]);
  expect(await estate.operationalSigner.listLabels()).toEqual(["ledger"]);
  const { record = "", steps } = await estate.database.read((tx) => readCeremony(tx, 1));
  for (const { name } of steps.filter((step) => step.name.startsWith("make ")))
    expect(record).toContain(`key ${name.split(" ")[2] ?? ""} destroyed in the`);
  expect(await estate.actsOf("ceremony.abandoned")).toHaveLength(1);
  expect(await estate.verify()).toMatchObject({ holds: true, findings: [] });
  await estate.end();
});
