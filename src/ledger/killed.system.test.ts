import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { formatVerifierKey } from "./note.ts";
import { sequenceOnce } from "./sequencer.ts";
import { type TestLedger, testActs, testLedger, testTime } from "./testkit.ts";
import { verifyLedger } from "./verify-ledger.ts";

let ledger: TestLedger;
beforeEach(async () => {
  ledger = await testLedger();
});
afterEach(async () => {
  await ledger.drop();
});

test.each(["taken", "extended", "committed", "signed", "stored", "publishing"])(
  "a sequencer killed with SIGKILL when it has %s is followed by one that finishes its work",
  async (step) => {
    await ledger.record(testActs(300));
    await ledger.sequence();
    await ledger.record(testActs(400, 300));
    const script = join(import.meta.dirname, "testkit/killed-process.ts");
    const { NODE_OPTIONS: _, ...env } = process.env;
    const killed = promisify(execFile)(
      process.execPath,
      [script, ledger.connectionString, ledger.storePath, ledger.privateKey, step],
      { env },
    );
    await expect(killed).rejects.toMatchObject({ signal: "SIGKILL" });

    await ledger.record(testActs(100, 700));
    const signer = await ledger.reopenSigner();
    const context = { database: ledger.database, signer, clock: () => testTime };
    // PostgreSQL notices the lost connection, and frees the election, within moments.
    await expect
      .poll(() => sequenceOnce(context), { timeout: 10_000 })
      .toMatchObject({ checkpoint: { size: 800 } });
    const { note } = await signer.lastCheckpoint();
    const verifierKey = formatVerifierKey(signer.verifier);
    const report = await verifyLedger(ledger.database, { verifierKey, knownCheckpoints: [note] });
    expect(report).toMatchObject({ holds: true, size: 800, signedSize: 800, openEntries: 0 });
  },
);
