import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { faultyDatabase } from "../../database/testkit/faulty-database.ts";
import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import { faultySigner, signingFaults } from "../../keys/testkit/faulty-signer.ts";
import { listCeremonies } from "./account.ts";
import { type CeremonyRoom, type CeremonyStep, ceremonySteps } from "./ceremony-room.ts";
import { foundedEstate, sampleSitting, seconds, type TestEstate } from "./estate.testkit.ts";
import { abandonCeremony, resumeCeremony } from "./resume.ts";
import { extendStock } from "./stock.ts";

let estate: TestEstate;
/** How many Issuing DCAs there are to be: the first is of the founding. */
let stock = 1;
beforeAll(async () => {
  estate = await foundedEstate({ stockSize: 1, released: 0 });
});
afterAll(() => estate.end());

const fail = () => {
  throw new SmkiError("DATABASE_UNAVAILABLE");
};

/** Resumes whatever is unfinished. @returns false when nothing is: it left no trace, or came to its end */
async function resume(): Promise<boolean> {
  try {
    await resumeCeremony(estate.room(), sampleSitting);
    return true;
  } catch (error) {
    if (isSmkiError(error, "CEREMONY_NONE_UNFINISHED")) return false;
    throw error;
  }
}

/** One CA more in the stock for each ceremony that is recorded; a key for each CA, and none besides. */
async function expectWhole(): Promise<void> {
  const ceremonies = await estate.database.read((tx) => listCeremonies(tx));
  for (const { state, record } of ceremonies) {
    expect(["recorded", "abandoned"]).toContain(state);
    expect(record).toContain("smki.example/test");
  }
  const authorities = await estate.authorities();
  const dcas = authorities.filter(({ profile }) => profile === "issuing-dca");
  expect(dcas).toHaveLength(stock);
  const stores = [estate.ceremonySigner, estate.operationalSigner];
  const labels = (await Promise.all(stores.map((store) => store.listLabels()))).flat();
  const others = ["contingency", "contingency-symmetric-key", "ledger"];
  expect(labels.toSorted()).toEqual([...authorities.map(({ keyLabel }) => keyLabel), ...others].toSorted());
  expect(await estate.verify()).toMatchObject({ holds: true, findings: [] });
}

/** Holds a ceremony with something that fails once, then goes on as anyone would. @returns whether it failed */
async function failThenResume(changes: Partial<CeremonyRoom>, hasFailed: () => boolean): Promise<boolean> {
  estate.clock.advance(seconds);
  const before = (await estate.database.read((tx) => listCeremonies(tx))).length;
  await extendStock(estate.room(changes), sampleSitting, 1).catch((error: unknown) => {
    if (!hasFailed()) throw error;
  });
  await resume();
  const after = (await estate.database.read((tx) => listCeremonies(tx))).length;
  stock += after - before;
  return hasFailed();
}

const ofAnotherSitting: Partial<Record<CeremonyStep, typeof resumeCeremony>> = {
  resuming: resumeCeremony,
  resumed: resumeCeremony,
  abandoning: abandonCeremony,
  abandoned: abandonCeremony,
};

describe.each(ceremonySteps)("a failure at the point %s", (step) => {
  test("leaves a ceremony that is finished in another sitting", async () => {
    let failures = 0;
    const afterStep = (reached: CeremonyStep) => {
      if (reached !== step || failures > 0) return;
      failures += 1;
      fail();
    };
    const again = ofAnotherSitting[step];
    if (again === undefined) await failThenResume({ afterStep }, () => failures > 0);
    else {
      const stop = (reached: CeremonyStep) => (reached === "journaled" ? fail() : undefined);
      await expect(extendStock(estate.room({ afterStep: stop }), sampleSitting, 1)).rejects.toThrow();
      await expect(again(estate.room({ afterStep }), sampleSitting)).rejects.toThrow();
      await resume();
      // What was decided to be abandoned is abandoned to its end.
      if (step !== "abandoned") stock += 1;
    }
    expect(failures).toBe(1);
    await expectWhole();
  });
});

test.each(["transaction", "answer"] as const)(
  "every %s of a ceremony fails once: it is finished in another sitting",
  async (fault) => {
    let number = 1;
    for (; ; number += 1) {
      const { database, hasFailed } = faultyDatabase(estate.database, fault, number);
      if (!(await failThenResume({ database }, hasFailed))) break;
    }
    // Its beginning, at least three steps of its journal, its one transaction, its record.
    expect(number - 1).toBeGreaterThanOrEqual(6);
    await expectWhole();
  },
);

test.each(signingFaults)(
  "every signature of the root fails once, %s: it is made in another sitting",
  async (fault) => {
    let call = 1;
    for (; ; call += 1) {
      const { signer, hasFailed } = faultySigner(estate.ceremonySigner, call, fault);
      if (!(await failThenResume({ ceremonySigner: signer }, hasFailed))) break;
    }
    expect(call - 1).toBeGreaterThanOrEqual(1);
    await expectWhole();
  },
);
