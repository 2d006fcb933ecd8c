import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { isSmkiError } from "../../errors/smki-error.ts";
import {
  copyOf,
  hasPython,
  removeFolders,
  rewriteHistory,
  secondOpinion,
  temporaryFolder,
} from "../copy/copy.testkit.ts";
import { rootInCopy } from "../copy/root-in-copy.ts";
import { formatVerifierKey } from "../note.ts";
import { type TestLedger, testActs, testLedger, testTime } from "../testkit.ts";
import { checkReceipt } from "./check-receipt.ts";
import { type HeldCertificate, makeReceipt } from "./make-receipt.ts";
import { sampleAct, sampleCertificate, sampleSerial, testKey, testReceipt } from "./receipt.testkit.ts";

let ledger: TestLedger;
let verifierKey: string;
beforeAll(async () => {
  ledger = await testLedger();
  verifierKey = formatVerifierKey(ledger.signer.verifier);
});
afterAll(async () => {
  await ledger.drop();
  removeFolders();
});

const held: HeldCertificate = {
  serialNumber: sampleSerial,
  certificate: sampleCertificate,
  lodgedAt: testTime,
};
const make = (certificate: Partial<HeldCertificate> = {}, quorum = 0) =>
  ledger.database.read((tx) => makeReceipt(tx, { ...held, ...certificate }, { verifierKey, quorum }), {
    snapshot: true,
  });
const indexIn = (receipt: string) => Number(/^index (\d+)$/m.exec(receipt)?.[1]);

describe("The receipt of a certificate", () => {
  // Acts of 30,000 seconds, nearly in the order of time, as many processes record them.
  const acts = testActs(20_000).map((act, index) => ({
    ...act,
    at: new Date(testTime.getTime() + index * 1_500 + ((index * 7919) % 13) * 10_000),
  }));
  beforeAll(async () => {
    await ledger.record(acts);
    await ledger.sequence();
  });

  test("is not made before its act is recorded, nor before a checkpoint covers it", async () => {
    await expect(make()).rejects.toMatchObject({ code: "LEDGER_ACT_NOT_FOUND" });
    await ledger.record([sampleAct()]);
    await expect(make()).rejects.toMatchObject({ code: "LEDGER_ACT_UNSEQUENCED" });
    await ledger.sequence();
    await expect(make({}, 1)).rejects.toMatchObject({ code: "LEDGER_ACT_UNSEQUENCED" });
    const receipt = await make();
    expect(indexIn(receipt)).toBe(20_000);
    expect((await checkReceipt(receipt, { verifierKey })).holds).toBe(true);
  });

  test("is found wherever its act stands, whatever the time that is looked for", async () => {
    const late = {
      ...sampleAct({ serialNumber: "10".padEnd(32, "a") }),
      at: new Date(testTime.getTime() + 5_000_000),
    };
    await ledger.record([late]);
    await ledger.sequence();
    for (const lodgedAt of [late.at, new Date(0), new Date("2999-01-01T00:00:00Z")])
      expect(indexIn(await make({ serialNumber: "10".padEnd(32, "a"), lodgedAt }))).toBe(20_001);
  });

  test("stands against a copy of the ledger, and not against one of a rewritten history", async () => {
    const receipt = await make();
    const against = (folder: string) =>
      checkReceipt(receipt, { verifierKey, rootInCopy: (size) => rootInCopy(folder, verifierKey, size) });
    const copy = temporaryFolder();
    await copyOf(ledger, copy);
    expect(await against(copy)).toMatchObject({ holds: true });
    await rewriteHistory(ledger, testActs(21_000, 50_000), [21_000]);
    const rewritten = temporaryFolder();
    await copyOf(ledger, rewritten);
    const { holds, checks } = await against(rewritten);
    expect([holds, checks.at(-1)?.what]).toEqual([false, expect.stringContaining("history was rewritten")]);
  });
});

describe.skipIf(!hasPython)("The second verifier [needs python3]", () => {
  const key = testKey();
  let file: string;
  beforeEach(() => {
    file = join(temporaryFolder(), "a.receipt");
  });
  const judged = async (receipt: string) => {
    writeFileSync(file, receipt);
    const ours = await checkReceipt(receipt, { verifierKey: key.key }).then(
      ({ holds }) => holds,
      (error: unknown) => {
        if (!isSmkiError(error, "RECEIPT_MALFORMED")) throw error;
        return false;
      },
    );
    return [ours, secondOpinion("receipt", file, key.key).holds];
  };

  test("judges receipts as we do, of trees of any shape", async () => {
    for (const [size, leaf] of [
      [1, 0],
      [2, 1],
      [7, 6],
      [255, 128],
      [256, 255],
      [257, 256],
      [600, 511],
    ] as const)
      expect(await judged((await testReceipt({ key, size, leaf })).receipt)).toEqual([true, true]);
    const { receipt } = await testReceipt({ key, act: sampleAct({ serialNumber: "10".padEnd(32, "0") }) });
    expect(await judged(receipt)).toEqual([false, false]);
    expect(secondOpinion("receipt", file, testKey().key).holds).toBe(false);
  });

  test("against a checkpoint kept elsewhere too", async () => {
    const { receipt, checkpoint } = await testReceipt({ key });
    const { checkpoint: rewritten } = await testReceipt({ key, leaf: 12 });
    const kept = join(temporaryFolder(), "kept.txt");
    writeFileSync(file, receipt);
    for (const [note, holds] of [
      [checkpoint, true],
      [rewritten, false],
    ] as const) {
      writeFileSync(kept, note);
      expect(secondOpinion("receipt", file, key.key, [kept]).holds).toBe(holds);
    }
  });

  test("finds one flipped bit anywhere, as we do", async () => {
    const { receipt } = await testReceipt({ key });
    const octets = Buffer.from(receipt);
    const first = octets.indexOf("-----BEGIN");
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat({ max: 6 }), async (place, bit) => {
        const flipped = Buffer.from(octets);
        const at = first + (place % (octets.length - first));
        flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << bit), at);
        expect(await judged(flipped.toString("utf8"))).toEqual([false, false]);
      }),
      { numRuns: 25 },
    );
  });
});
