import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createCheckpointSigner } from "./checkpoint-signer.ts";
import { formatVerifierKey } from "./note.ts";
import type { SequencerStep } from "./sequence.ts";
import { runSequencer } from "./sequencer.ts";
import { type TestLedger, testActs, testLedger, testTime } from "./testkit.ts";
import { verifyLedger } from "./verify-ledger.ts";

let ledger: TestLedger;
beforeEach(async () => {
  ledger = await testLedger();
});
afterEach(async () => {
  await ledger.drop();
});

const crashAfter = (fatal: SequencerStep) => (step: SequencerStep) => {
  if (step === fatal) throw new Error(`crash after ${step}`);
};
const sizes = async () => {
  const [inbox, entries, published] = await Promise.all(
    [
      "select count(*) from ledger_inbox",
      "select count(*) from ledger_entry",
      "select coalesce(max(size), 0) as count from ledger_checkpoint",
    ].map(async (query) => {
      const { rows } = await ledger.database.read((tx) => sql.raw<{ count: number }>(query).execute(tx));
      return rows[0]?.count;
    }),
  );
  return { inbox, entries, published, signed: (await ledger.signer.lastCheckpoint()).size };
};

describe.each<[SequencerStep, object]>([
  ["taken", { inbox: 400, entries: 300, signed: 300, published: 300 }],
  ["extended", { inbox: 400, entries: 300, signed: 300, published: 300 }],
  ["committed", { inbox: 0, entries: 700, signed: 300, published: 300 }],
  ["signed", { inbox: 0, entries: 700, signed: 300, published: 300 }],
  ["stored", { inbox: 0, entries: 700, signed: 700, published: 300 }],
  ["publishing", { inbox: 0, entries: 700, signed: 700, published: 300 }],
  ["published", { inbox: 0, entries: 700, signed: 700, published: 700 }],
])("a crash when the round has %s", (step, left) => {
  test("leaves what the comment there says, and the next round goes on from it", async () => {
    await ledger.record(testActs(300));
    await ledger.sequence();
    await ledger.record(testActs(400, 300));
    await expect(ledger.sequence({ afterStep: crashAfter(step) })).rejects.toThrow(`crash after ${step}`);
    expect(await sizes()).toEqual(left);

    // What is recorded between the crash and the restart must not change what was promised before it.
    await ledger.record(testActs(100, 700));
    await ledger.sequence({ signer: await ledger.reopenSigner() });
    expect(await sizes()).toEqual({ inbox: 0, entries: 800, signed: 800, published: 800 });
    const report = await verifyLedger(ledger.database, {
      verifierKey: formatVerifierKey(ledger.signer.verifier),
    });
    expect(report).toMatchObject({ holds: true, size: 800, findings: [] });
  });

  test("in the first round of all, too", async () => {
    await ledger.record(testActs(10));
    await expect(ledger.sequence({ afterStep: crashAfter(step) })).rejects.toThrow();
    await ledger.sequence({ signer: await ledger.reopenSigner() });
    expect(await sizes()).toEqual({ inbox: 0, entries: 10, signed: 10, published: 10 });
  });
});

test("two crashes one after the other, at signing and at publishing, lose no checkpoint that was stored", async () => {
  await ledger.record(testActs(10));
  await expect(ledger.sequence({ afterStep: crashAfter("stored") })).rejects.toThrow();
  await ledger.record(testActs(10, 10));
  await expect(ledger.sequence({ afterStep: crashAfter("stored") })).rejects.toThrow();
  await ledger.sequence();
  const { rows } = await ledger.database.read((tx) =>
    sql<{ size: number }>`select size from ledger_checkpoint order by size`.execute(tx),
  );
  expect(rows.map(({ size }) => size)).toEqual([10, 20]);
});

describe("a database that does not hold what was signed", () => {
  const rollBack = async (keep: number) => {
    await ledger.tamper(`delete from ledger_entry where leaf >= ${String(keep)}`);
    await ledger.tamper("delete from ledger_tile");
    await ledger.tamper("delete from ledger_checkpoint");
  };

  test("restored to an earlier day, it is refused, and nothing is taken", async () => {
    await ledger.record(testActs(10));
    await ledger.sequence();
    await rollBack(0);
    await ledger.record(testActs(3, 100));
    await expect(ledger.sequence()).rejects.toMatchObject({ code: "LEDGER_ROLLED_BACK" });
    expect(await sizes()).toMatchObject({ inbox: 3, entries: 0, signed: 10 });
  });

  test("grown again beyond the signed size with other acts, it is refused", async () => {
    await ledger.record(testActs(10));
    await ledger.sequence();
    await rollBack(0);
    await ledger.record(testActs(30, 100));
    // Another sequencer, with a signer of its own, has extended the restored database.
    const other = await testLedger();
    try {
      await ledger.sequence({ signer: other.signer });
      await ledger.tamper("delete from ledger_checkpoint");
      await ledger.record(testActs(3, 200));
      await expect(ledger.sequence()).rejects.toMatchObject({ code: "LEDGER_FORKED" });
      expect(await sizes()).toMatchObject({ inbox: 3, signed: 10, published: 0 });
    } finally {
      await other.drop();
    }
  });

  test("of the same size with another root, it is refused", async () => {
    await ledger.record(testActs(10));
    await ledger.sequence();
    await ledger.tamper("update ledger_tile set hashes = overlay(hashes placing '\\x00000000' from 33)");
    await expect(ledger.sequence()).rejects.toMatchObject({ code: "LEDGER_FORKED" });
  });

  test("the worker's sequencer stops at once instead of trying again", async () => {
    await ledger.record(testActs(10));
    await ledger.sequence();
    await rollBack(0);
    const running = runSequencer({
      database: ledger.database,
      signer: ledger.signer,
      clock: () => testTime,
      intervalMs: 10,
      abortSignal: new AbortController().signal,
    });
    await expect(running).rejects.toMatchObject({ code: "LEDGER_ROLLED_BACK" });
  });
});

describe("the signer's own store", () => {
  const optionsOf = () => ({
    signer: ledger.key,
    keyLabel: "ledger",
    origin: ledger.signer.verifier.name,
    storePath: ledger.storePath,
  });

  test("restored to an earlier day, is refused", async () => {
    await ledger.record(testActs(10));
    await ledger.sequence();
    const earlier = readFileSync(ledger.storePath);
    await ledger.record(testActs(10, 10));
    await ledger.sequence();
    writeFileSync(ledger.storePath, earlier);
    await expect(ledger.sequence()).rejects.toMatchObject({ code: "LEDGER_SIGNER_BEHIND" });
  });

  test("once lost, is not quietly begun again", async () => {
    rmSync(ledger.storePath);
    await expect(ledger.reopenSigner()).rejects.toMatchObject({ code: "LEDGER_SIGNER_STORE_MISSING" });
    await expect(ledger.sequence()).rejects.toMatchObject({ code: "LEDGER_SIGNER_STORE_MISSING" });
  });

  test("once lost, goes on from the newest checkpoint when someone says so", async () => {
    await ledger.record(testActs(10));
    const { checkpoint } = await ledger.sequence();
    rmSync(ledger.storePath);
    const signer = await createCheckpointSigner(optionsOf(), checkpoint.note);
    await ledger.record(testActs(10, 10));
    expect((await ledger.sequence({ signer })).checkpoint.size).toBe(20);
  });

  test("is never written over by a new one", async () => {
    await expect(createCheckpointSigner(optionsOf())).rejects.toMatchObject({
      code: "LEDGER_SIGNER_STORE_EXISTS",
    });
  });

  test("with an altered checkpoint is refused", async () => {
    await ledger.record(testActs(10));
    await ledger.sequence();
    writeFileSync(ledger.storePath, readFileSync(ledger.storePath, "utf8").replace("\n10\n", "\n11\n"));
    await expect(ledger.sequence()).rejects.toMatchObject({ code: "LEDGER_SIGNER_STORE_DAMAGED" });
  });

  test("lets one of two copies of a database sign, and refuses the other", async () => {
    await ledger.record(testActs(10));
    await ledger.sequence();
    const copy = await testLedger();
    try {
      await copy.record(testActs(10));
      await copy.sequence();
      await copy.tamper("delete from ledger_checkpoint");
      await copy.record(testActs(5, 50));
      await copy.sequence({ signer: await ledger.reopenSigner() });
      await ledger.record(testActs(9, 10));
      await expect(ledger.sequence()).rejects.toMatchObject({ code: "LEDGER_ROLLED_BACK" });
    } finally {
      await copy.drop();
    }
  });
});
