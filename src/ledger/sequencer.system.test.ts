import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Tx } from "../database/transaction.ts";
import { encodeAct } from "./act-encoding.ts";
import { openCheckpoint } from "./checkpoint.ts";
import { newestCheckpoint } from "./entry-store.ts";
import { ledgerTables } from "./ledger-tables.ts";
import { recordActs } from "./record-acts.ts";
import { runSequencer, sequenceOnce } from "./sequencer.ts";
import { type TestLedger, testActs, testLedger, testTime } from "./testkit.ts";
import { leafHash, treeHash } from "./tree/hash.ts";

let ledger: TestLedger;
beforeEach(async () => {
  ledger = await testLedger();
});
afterEach(async () => {
  await ledger.drop();
});

const count = (table: "ledger_inbox" | "ledger_entry" | "ledger_checkpoint") =>
  ledger.database.read(async (tx: Tx) => {
    const rows = await ledgerTables(tx)
      .selectFrom(table)
      .select((e) => e.fn.countAll<number>().as("count"))
      .execute();
    return rows[0]?.count;
  });

describe("sequencing", () => {
  test("acts get consecutive leaves in the order in which they were recorded, and a signed checkpoint covers them", async () => {
    const acts = testActs(1_000);
    await ledger.record(acts.slice(0, 300));
    expect((await ledger.sequence()).taken).toBe(300);
    await ledger.record(acts.slice(300));
    const { taken, checkpoint } = await ledger.sequence();

    expect(taken).toBe(700);
    const entries = await ledger.database.read((tx) =>
      ledgerTables(tx).selectFrom("ledger_entry").selectAll().orderBy("leaf").execute(),
    );
    expect(entries.map(({ leaf }) => leaf)).toEqual(acts.map((_, index) => index));
    expect(entries.map(({ entry }) => entry)).toEqual(acts.map(encodeAct));
    expect(await count("ledger_inbox")).toBe(0);
    const stored = await ledger.database.read(newestCheckpoint);
    expect(stored).toEqual({ size: 1_000, note: checkpoint.note, signedAt: testTime });
    expect(openCheckpoint(checkpoint.note, ledger.signer.verifier)).toEqual({
      origin: "smki.example/ledger",
      size: 1_000,
      root: treeHash(Buffer.concat(acts.map((act) => leafHash(encodeAct(act))))),
    });
    expect((await ledger.signer.lastCheckpoint()).note).toBe(checkpoint.note);
  });

  test("an empty ledger has nothing to sign", async () => {
    expect(await ledger.sequence()).toMatchObject({ taken: 0, checkpoint: { size: 0 } });
    expect(await count("ledger_checkpoint")).toBe(0);
  });

  test("more than one round may take is taken in several, in order", async () => {
    const acts = testActs(700);
    await ledger.record(acts);
    expect((await ledger.sequence({ maximumEntries: 256 })).taken).toBe(700);
    expect(await count("ledger_checkpoint")).toBe(3);
    const entries = await ledger.database.read((tx) =>
      ledgerTables(tx).selectFrom("ledger_entry").selectAll().orderBy("leaf").execute(),
    );
    expect(entries.map(({ entry }) => entry)).toEqual(acts.map(encodeAct));
  });

  test("an act that commits after later ones were sequenced still gets its leaf", async () => {
    const committed = Promise.withResolvers<undefined>();
    const recorded = Promise.withResolvers<undefined>();
    const slow = ledger.database.transaction(async (tx) => {
      await recordActs(tx, testActs(1));
      recorded.resolve(undefined);
      await committed.promise;
    });
    await recorded.promise;
    await ledger.record(testActs(2, 1));
    expect((await ledger.sequence()).taken).toBe(2);
    committed.resolve(undefined);
    await slow;
    expect((await ledger.sequence()).taken).toBe(1);
  });

  test("an act of a transaction that is undone gets none", async () => {
    const undone = ledger.database.transaction(async (tx) => {
      await recordActs(tx, testActs(1));
      throw new Error("undone");
    });
    await expect(undone).rejects.toThrow("undone");
    expect((await ledger.sequence()).taken).toBe(0);
  });

  test("past entries and checkpoints cannot be changed by accident", async () => {
    await ledger.record(testActs(1));
    await ledger.sequence();
    for (const table of ["ledger_entry", "ledger_checkpoint"] as const) {
      const deletion = ledger.database.transaction((tx) => ledgerTables(tx).deleteFrom(table).execute());
      await expect(deletion).rejects.toMatchObject({ code: "DATABASE_FAILED" });
    }
  });
});

describe("the sequencer of a worker", () => {
  const run = (abort: AbortController, onCheckpoint?: () => void) =>
    runSequencer({
      database: ledger.database,
      signer: ledger.signer,
      clock: () => testTime,
      intervalMs: 20,
      abortSignal: abort.signal,
      ...(onCheckpoint === undefined ? {} : { onCheckpoint }),
    });

  test("of two, one works; when it stops, the other goes on", async () => {
    const [first, second] = [new AbortController(), new AbortController()];
    const checkpoints = { first: 0, second: 0 };
    const started = Promise.withResolvers<undefined>();
    await ledger.record(testActs(5));
    const runFirst = run(first, () => {
      checkpoints.first += 1;
      started.resolve(undefined);
    });
    await started.promise;
    const handedOver = Promise.withResolvers<undefined>();
    const runSecond = run(second, () => {
      checkpoints.second += 1;
      handedOver.resolve(undefined);
    });
    expect(
      await sequenceOnce({ database: ledger.database, signer: ledger.signer, clock: () => testTime }),
    ).toBeUndefined();
    await ledger.record(testActs(5, 5));
    await expect.poll(() => checkpoints.first).toBe(2);
    expect(checkpoints.second).toBe(0);

    first.abort();
    await runFirst;
    await ledger.record(testActs(5, 10));
    await handedOver.promise;
    second.abort();
    await runSecond;
    expect(checkpoints).toEqual({ first: 2, second: 1 });
    expect((await ledger.signer.lastCheckpoint()).size).toBe(15);
  });

  test("records that many transactions make at once all get leaves while it runs", async () => {
    const abort = new AbortController();
    const running = run(abort);
    await Promise.all(Array.from({ length: 40 }, (_, chunk) => ledger.record(testActs(25, chunk * 25))));
    await expect
      .poll(async () => (await ledger.signer.lastCheckpoint()).size, { timeout: 5_000 })
      .toBe(1_000);
    abort.abort();
    await running;
    expect(await count("ledger_inbox")).toBe(0);
  });

  test("a lost connection is reported, and it goes on with a new one", async () => {
    const abort = new AbortController();
    const troubles: unknown[] = [];
    const checkpoints: number[] = [];
    await ledger.record(testActs(1));
    const running = runSequencer({
      database: ledger.database,
      signer: ledger.signer,
      clock: () => testTime,
      intervalMs: 20,
      abortSignal: abort.signal,
      onCheckpoint: ({ size }) => checkpoints.push(size),
      onTrouble: (error) => troubles.push(error),
      afterStep: (step) => {
        if (step === "committed" && troubles.length === 0) throw new Error("the connection is lost");
      },
    });
    await expect.poll(() => checkpoints).toEqual([1]);
    abort.abort();
    await running;
    expect(troubles).toHaveLength(1);
  });
});
