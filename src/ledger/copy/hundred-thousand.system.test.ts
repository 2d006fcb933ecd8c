import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatVerifierKey } from "../note.ts";
import { type TestLedger, testActs, testLedger } from "../testkit.ts";
import {
  copyOf,
  hasPython,
  keepCheckpoint,
  removeFolders,
  secondOpinion,
  temporaryFolder,
} from "./copy.testkit.ts";
import { verifyCopy } from "./verify-copy.ts";

const size = 100_000;
const chunk = 10_000;

describe.skipIf(!hasPython)("A log of 100,000 entries [needs python3]", () => {
  let ledger: TestLedger;
  let verifierKey: string;
  let kept: { note: string; file: string };
  const copy = temporaryFolder();
  beforeAll(async () => {
    ledger = await testLedger();
    verifierKey = formatVerifierKey(ledger.signer.verifier);
    for (let first = 0; first < size; first += chunk) {
      await ledger.record(testActs(chunk, first));
      if (first === 4 * chunk) {
        await ledger.sequence({ maximumEntries: size });
        kept = await keepCheckpoint(ledger);
      }
    }
    await ledger.sequence({ maximumEntries: size });
    await copyOf(ledger, copy);
  });
  afterAll(async () => {
    await ledger.drop();
    removeFolders();
  });

  test("is the same to both verifiers, against an earlier checkpoint too", async () => {
    const report = await verifyCopy(copy, { verifierKey, knownCheckpoints: [kept.note] });
    expect(report).toMatchObject({ holds: true, size, signedSize: size, checkpoints: 2 });
    expect(secondOpinion("copy", copy, verifierKey, [kept.file])).toEqual({
      holds: true,
      said: `the copy holds: ${String(size)} entries, 3 checkpoints`,
    });
  });

  test("with one bit of one entry changed holds for neither", async () => {
    const file = join(copy, "tile/entries/234");
    const octets = readFileSync(file);
    octets.writeUInt8(octets.readUInt8(5_000) ^ 4, 5_000);
    writeFileSync(file, octets);
    const report = await verifyCopy(copy, { verifierKey });
    expect(report.holds).toBe(false);
    expect(report.findings.every(({ leaf }) => Math.floor((leaf ?? 0) / 256) === 234)).toBe(true);
    const second = secondOpinion("copy", copy, verifierKey);
    expect([second.holds, second.said]).toEqual([false, expect.stringContaining("tile/entries/234")]);
  });
});
