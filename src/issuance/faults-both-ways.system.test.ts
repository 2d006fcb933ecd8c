import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type IssuingAuthority, type IssuingStep, issuingSteps } from "../authorities/issuing/issue.ts";
import { databaseFaults, faultyDatabase } from "../database/testkit/faulty-database.ts";
import { SmkiError } from "../errors/smki-error.ts";
import { faultySigner, signingFaults } from "../keys/testkit/faulty-signer.ts";
import { expectCertifiedOnce } from "./certified-once.testkit.ts";
import {
  type IssuingEstate,
  issuedSerialNumbers,
  issuingEstate,
  makeDeviceCsr,
  makeDeviceCsrs,
  words,
} from "./issuance.testkit.ts";
import { workChunk } from "./work-chunk.ts";

let estate: IssuingEstate;
beforeAll(async () => {
  estate = await issuingEstate();
});
afterAll(() => estate.end());

const csrs = () => [...makeDeviceCsrs(2), Buffer.from("no CSR"), makeDeviceCsr()];
const decided = ["issued", "issued", "CSR_MALFORMED", "issued"];

/**
 * Works a fresh chunk with something that fails once, then as on any day.
 *
 * @returns whether the failure came
 */
async function failThenWork(
  changes: Partial<IssuingAuthority>,
  code: RegExp,
  hasFailed: () => boolean,
): Promise<boolean> {
  const batch = await estate.submit(estate.manufacturer, "device", csrs());
  const [chunk = 0] = await estate.chunksOf(batch);
  const { reserved } = await estate.authority("issuing-dca/0001");
  const first = await workChunk(estate.issuing(changes), chunk).catch((error: unknown) => error);
  if (hasFailed()) expect(first).toMatchObject({ code: expect.stringMatching(code) as string });
  else expect(first).toBe("finished");
  // What its holder saw before stays what it is.
  const seen = issuedSerialNumbers(await estate.outcomes(batch));
  expect(await estate.work(batch)).toEqual(["finished"]);
  expect(words(await estate.outcomes(batch))).toEqual(decided);
  if (seen.length > 0) expect(issuedSerialNumbers(await estate.outcomes(batch))).toEqual(seen);
  expect((await estate.authority("issuing-dca/0001")).reserved).toBe(reserved + 3);
  return hasFailed();
}

describe.each(issuingSteps)("a failure at the step %s", (step: IssuingStep) => {
  test("leaves the chunk to the next run, which finishes it once", async () => {
    let failures = 0;
    const afterStep = (reached: IssuingStep) => {
      if (reached !== step || failures > 0) return;
      failures += 1;
      throw new SmkiError("DATABASE_UNAVAILABLE");
    };
    expect(await failThenWork({ afterStep }, /^DATABASE_UNAVAILABLE$/, () => failures > 0)).toBe(true);
    await expectCertifiedOnce(estate);
  });
});

test.each(databaseFaults)(
  "every %s of a chunk's work fails once, each in a run of its own: the next finishes it once",
  async (fault) => {
    let number = 1;
    for (; ; number += 1) {
      const { database, hasFailed } = faultyDatabase(estate.database, fault, number);
      if (!(await failThenWork({ database }, /^DATABASE_UNAVAILABLE$/, hasFailed))) break;
    }
    // Two transactions: to record and to publish; and a good number of statements and reads.
    expect(number - 1).toBeGreaterThanOrEqual(2);
    await expectCertifiedOnce(estate);
  },
);

test.each(signingFaults)(
  "every signature fails once, %s: the next run signs the same octets",
  async (fault) => {
    let call = 1;
    for (; ; call += 1) {
      const { signer, hasFailed } = faultySigner(estate.operationalSigner, call, fault);
      if (!(await failThenWork({ signer }, /^KEY_STORE_UNAVAILABLE$/, hasFailed))) break;
    }
    expect(call - 1).toBe(1);
    await expectCertifiedOnce(estate);
  },
);
