import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Tx } from "../database/transaction.ts";
import { formatVerifierKey } from "./note.ts";
import { type TestLedger, testActs, testCertificate, testLedger } from "./testkit.ts";
import type { CertificateRow } from "./verification/certificate-check.ts";
import { type CertificateRows, type VerifyOptions, verifyLedger } from "./verify-ledger.ts";

const size = 700;
let ledger: TestLedger;
beforeEach(async () => {
  ledger = await testLedger();
  await ledger.record(testActs(size));
  await ledger.sequence();
});
afterEach(async () => {
  await ledger.drop();
});

const verify = (options: Partial<VerifyOptions> = {}) =>
  verifyLedger(ledger.database, { verifierKey: formatVerifierKey(ledger.signer.verifier), ...options });

describe("certificates", () => {
  const rowsOf = (rows: readonly CertificateRow[]): CertificateRows =>
    async function* (_: Tx) {
      await Promise.resolve();
      yield* rows;
    };
  // In the reverse of the order of issue: verification must not depend on it.
  const held = Array.from({ length: size }, (_, number) => testCertificate(size - 1 - number));

  test("that are those that were issued hold, also while some of the acts are open", async () => {
    await ledger.record(testActs(5, size));
    const rows = [...held, ...Array.from({ length: 5 }, (_, index) => testCertificate(size + index))];
    const report = await verify({ certificates: rowsOf(rows) });
    expect(report).toMatchObject({ holds: true, certificates: { recorded: 705, held: 705 } });
  });

  test("one without an act is named", async () => {
    const stray = testCertificate(9_999);
    const { findings } = await verify({ certificates: rowsOf([...held, stray]) });
    expect(findings).toMatchObject([{ kind: "certificate-without-leaf", serialNumber: stray.serialNumber }]);
  });

  test("one that was issued and is gone is named with its leaf", async () => {
    const { findings } = await verify({ certificates: rowsOf(held.filter((_, index) => index !== 0)) });
    expect(findings).toMatchObject([
      { kind: "certificate-missing", leaf: 699, serialNumber: testCertificate(699).serialNumber },
    ]);
  });

  test("one with other bytes than were issued is named with its leaf", async () => {
    const altered = held.map((row, index) => (index === 99 ? { ...row, derSha256: "0".repeat(64) } : row));
    const { findings } = await verify({ certificates: rowsOf(altered) });
    expect(findings).toMatchObject([
      { kind: "certificate-altered", leaf: 600, serialNumber: testCertificate(600).serialNumber },
    ]);
  });

  test("one that is recorded twice is named", async () => {
    await ledger.record(testActs(1, 17));
    await ledger.sequence();
    const { findings } = await verify({ certificates: rowsOf(held) });
    expect(findings).toMatchObject([
      { kind: "certificate-recorded-twice", leaf: 700, serialNumber: testCertificate(17).serialNumber },
    ]);
  });

  test("two that exchanged their bytes are both named", async () => {
    const [one, two] = [held[3], held[4]] as [CertificateRow, CertificateRow];
    const exchanged = [
      ...held.filter((row) => row !== one && row !== two),
      { ...one, derSha256: two.derSha256 },
      { ...two, derSha256: one.derSha256 },
    ];
    const { findings } = await verify({ certificates: rowsOf(exchanged) });
    expect(findings.map(({ kind }) => kind)).toEqual(["certificate-altered", "certificate-altered"]);
  });
});

test("verification sees one moment while acts are recorded and sequenced", async () => {
  let more = size;
  const report = await verify({
    onProgress: () => {
      more += 1;
    },
    certificates: async function* (tx) {
      await ledger.record(testActs(50, size));
      await ledger.sequence();
      const { rows } = await sql<{ count: number }>`select count(*) from ledger_entry`.execute(tx);
      expect(rows[0]?.count).toBe(size);
      for (let number = 0; number < size; number += 1) yield testCertificate(number);
    },
  });
  expect(report).toMatchObject({ holds: true, size });
  expect(more).toBeGreaterThan(size);
  expect(await verify()).toMatchObject({ holds: true, size: 750 });
});
