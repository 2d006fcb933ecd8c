import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { databaseFaults, faultyDatabase } from "../database/testkit/faulty-database.ts";
import { SmkiError } from "../errors/smki-error.ts";
import { type CheckpointSigner, openCheckpointSigner } from "./checkpoint-signer.ts";
import { formatVerifierKey } from "./note.ts";
import { type SequencerContext, sequencerSteps } from "./sequence.ts";
import { sequenceOnce } from "./sequencer.ts";
import { type TestLedger, testActs, testLedger, testTime } from "./testkit.ts";
import { verifyLedger } from "./verify-ledger.ts";

let ledger: TestLedger;
let recorded = 0;
/** Every checkpoint that was ever given away. */
let seen: string[] = [];
beforeEach(async () => {
  ledger = await testLedger();
  recorded = 0;
  seen = [];
});
afterEach(() => ledger.drop());

const down = () => new SmkiError("KEY_STORE_UNAVAILABLE");

/**
 * Sequences new acts with something that fails once, then as on any day.
 *
 * @returns whether the failure came
 */
async function failThenSequence(
  changes: Partial<SequencerContext>,
  hasFailed: () => boolean,
): Promise<boolean> {
  await ledger.record(testActs(300, recorded));
  recorded += 300;
  const context = { database: ledger.database, signer: ledger.signer, clock: () => testTime };
  const first = await sequenceOnce({ ...context, ...changes }).catch((error: unknown) => error);
  if (hasFailed()) expect(first).toMatchObject({ code: expect.stringMatching(/UNAVAILABLE$/) as string });
  seen.push((await ledger.signer.lastCheckpoint()).note);
  const round = await sequenceOnce(context);
  expect(round?.checkpoint.size).toBe(recorded);
  seen.push(round?.checkpoint.note ?? "");
  const verifierKey = formatVerifierKey(ledger.signer.verifier);
  expect(await verifyLedger(ledger.database, { verifierKey, knownCheckpoints: seen })).toMatchObject({
    holds: true,
    size: recorded,
    signedSize: recorded,
    openEntries: 0,
  });
  return hasFailed();
}

test.each(sequencerSteps)("a failure at the step %s leaves all to the next round", async (step) => {
  let failures = 0;
  const afterStep = (reached: string) => {
    if (reached !== step || failures > 0) return;
    failures += 1;
    throw down();
  };
  expect(await failThenSequence({ afterStep }, () => failures > 0)).toBe(true);
});

test.each(databaseFaults)("every %s of a round fails once: the next round loses nothing", async (fault) => {
  let number = 1;
  for (; ; number += 1) {
    const { database, hasFailed } = faultyDatabase(ledger.database, fault, number);
    if (!(await failThenSequence({ database }, hasFailed))) break;
  }
  expect(number - 1).toBeGreaterThanOrEqual(2);
});

describe("the signer's store", () => {
  const ways: Record<string, (real: CheckpointSigner) => CheckpointSigner["sign"]> = {
    "that is not written": (real) => (prove) =>
      real.sign(prove, () => {
        throw down();
      }),
    "that is written, with an error told": (real) => async (prove) => {
      await real.sign(prove);
      throw down();
    },
  };
  test.each(Object.entries(ways))("%s leaves the checkpoint to the next round", async (_, way) => {
    const signer = { ...ledger.signer, sign: way(ledger.signer) };
    expect(await failThenSequence({ signer }, () => true)).toBe(true);
  });
});

test.each(["before", "after"] as const)(
  "a key that fails %s it has signed leaves the checkpoint to the next round",
  async (when) => {
    let failures = 0;
    const signer = await openCheckpointSigner({
      keyLabel: "ledger",
      origin: ledger.signer.verifier.name,
      storePath: ledger.storePath,
      signer: {
        ...ledger.key,
        sign: async (label, message) => {
          if (when === "after") await ledger.key.sign(label, message);
          failures += 1;
          throw down();
        },
      },
    });
    expect(await failThenSequence({ signer }, () => failures > 0)).toBe(true);
  },
);
