import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { encodeAct } from "./act-encoding.ts";
import { formatLedgerReport } from "./ledger-report.ts";
import { formatVerifierKey } from "./note.ts";
import { type TestLedger, testActs, testLedger } from "./testkit.ts";
import { emptyEdge, extendEdge } from "./tree/edge.ts";
import { leafHash } from "./tree/hash.ts";
import { type VerifyOptions, verifyLedger } from "./verify-ledger.ts";

// Two full tiles and a partial one, with checkpoints at 300, 600 and 700.
const size = 700;
let ledger: TestLedger;
beforeEach(async () => {
  ledger = await testLedger();
  await ledger.record(testActs(300));
  await ledger.sequence();
  await ledger.record(testActs(300, 300));
  await ledger.sequence();
  await ledger.record(testActs(100, 600));
  await ledger.sequence();
});
afterEach(async () => {
  await ledger.drop();
});

const verify = (options: Partial<VerifyOptions> = {}) =>
  verifyLedger(ledger.database, { verifierKey: formatVerifierKey(ledger.signer.verifier), ...options });
const hex = (entry: Buffer) => `'\\x${entry.toString("hex")}'::bytea`;
const otherEntry = (number: number) => encodeAct(testActs(1, 10_000 + number)[0] as never);
/** The level-0 tile hash of a leaf set to that of another entry, as a careful forger would. */
const forgeTile = (leaf: number, entry: Buffer) =>
  ledger.tamper(
    `update ledger_tile set hashes = overlay(hashes placing ${hex(leafHash(entry))} from ${String((leaf % 256) * 32 + 1)})
     where level = 0 and index = ${String(Math.floor(leaf / 256))}`,
  );

describe("a ledger that nobody has touched", () => {
  test("holds, and says what it is", async () => {
    const report = await verify();
    expect(report).toEqual({
      holds: true,
      size,
      signedSize: size,
      checkpoints: 3,
      openEntries: 0,
      findingCount: 0,
      findings: [],
    });
    expect(formatLedgerReport(report)).toBe(
      "The ledger holds.\n  700 leaves in the tree, of which 700 under a signed checkpoint\n  3 checkpoints confirmed\n",
    );
  });

  test("holds while acts are open and leaves await their checkpoint, and says how many", async () => {
    await ledger.record(testActs(20, 700));
    await expect(
      ledger.sequence({
        afterStep: (step) => {
          if (step === "committed") throw new Error("crash");
        },
      }),
    ).rejects.toThrow("crash");
    await ledger.record(testActs(5, 720));
    const report = await verify();
    expect(report).toMatchObject({ holds: true, size: 720, signedSize: 700, openEntries: 5 });
    expect(formatLedgerReport(report)).toContain(
      "20 leaves not yet under a checkpoint\n  5 acts recorded and not yet sequenced",
    );
  });

  test("holds when it is empty", async () => {
    const empty = await testLedger();
    try {
      const verifierKey = formatVerifierKey(empty.signer.verifier);
      expect(await verifyLedger(empty.database, { verifierKey })).toMatchObject({ holds: true, size: 0 });
    } finally {
      await empty.drop();
    }
  });
});

describe("a past row", () => {
  test.each([0, 255, 256, 450, 511, 512, 650, 699])("that was deleted is named (leaf %i)", async (leaf) => {
    await ledger.tamper(`delete from ledger_entry where leaf = ${String(leaf)}`);
    const report = await verify();
    expect(report.holds).toBe(false);
    expect(report.findings).toEqual([{ kind: "leaf-deleted", leaf, what: "no entry stands here" }]);
    expect(formatLedgerReport(report)).toContain(
      `leaf-deleted at leaf ${String(leaf)}: no entry stands here`,
    );
  });

  test.each([0, 300, 699])("that was altered is named (leaf %i)", async (leaf) => {
    await ledger.tamper(`update ledger_entry set entry = ${hex(otherEntry(1))} where leaf = ${String(leaf)}`);
    const { findings } = await verify();
    expect(findings).toMatchObject([{ kind: "leaf-altered", leaf, act: "certificate.issued" }]);
  });

  test("of which one octet was altered is named, readable or not", async () => {
    await ledger.tamper("update ledger_entry set entry = set_byte(entry, 0, 0) where leaf = 42");
    const { findings } = await verify();
    expect(findings.map(({ kind, leaf }) => [kind, leaf])).toEqual(
      expect.arrayContaining([
        ["leaf-altered", 42],
        ["leaf-malformed", 42],
      ]),
    );
  });

  test("that changed places with another is named, and so is the other", async () => {
    await ledger.tamper(
      "update ledger_entry set leaf = -leaf - 1 where leaf in (10, 600); update ledger_entry set leaf = case leaf when -11 then 600 else 10 end where leaf < 0".replace(
        "update ledger_entry set leaf = -leaf - 1",
        "alter table ledger_entry drop constraint ledger_entry_leaf_check; update ledger_entry set leaf = -leaf - 1",
      ),
    );
    const { findings } = await verify();
    expect(findings).toMatchObject([
      {
        kind: "leaf-moved",
        leaf: 10,
        what: expect.stringContaining("the entry of leaf 600 stands here") as string,
      },
      {
        kind: "leaf-moved",
        leaf: 600,
        what: expect.stringContaining("the entry of leaf 10 stands here") as string,
      },
    ]);
  });

  test("that was inserted at the end is named", async () => {
    await ledger.tamper(
      `insert into ledger_entry values (700, ${hex(otherEntry(1))}), (1000000, ${hex(otherEntry(2))})`,
    );
    const { findings } = await verify();
    expect(findings.map(({ kind, leaf }) => [kind, leaf])).toEqual([
      ["leaf-inserted", 700],
      ["leaf-inserted", 1_000_000],
    ]);
  });

  test("that was inserted between others is named, and those that it pushed on as moved", async () => {
    await ledger.tamper("update ledger_entry set leaf = leaf + 1000000 where leaf >= 690");
    await ledger.tamper("update ledger_entry set leaf = leaf - 999999 where leaf >= 1000000");
    await ledger.tamper(`insert into ledger_entry values (690, ${hex(otherEntry(1))})`);
    const { findings } = await verify();
    expect(findings[0]).toMatchObject({ kind: "leaf-inserted", leaf: 690 });
    expect(findings.slice(1, 10).map(({ kind, leaf }) => [kind, leaf])).toEqual(
      Array.from({ length: 9 }, (_, index) => ["leaf-moved", 691 + index]),
    );
    expect(findings[10]).toMatchObject({ kind: "leaf-inserted", leaf: 700 });
    expect(findings).toHaveLength(11);
  });

  test("that stands twice, where the primary key was removed, is named", async () => {
    await ledger.tamper("alter table ledger_entry drop constraint ledger_entry_pkey");
    await ledger.tamper(`insert into ledger_entry values (20, ${hex(otherEntry(1))})`);
    const { findings } = await verify();
    expect(findings).toMatchObject([{ leaf: 20 }]);
  });

  test("altered together with its tile is found by the level above", async () => {
    await ledger.tamper(`update ledger_entry set entry = ${hex(otherEntry(1))} where leaf = 300`);
    await forgeTile(300, otherEntry(1));
    const { findings } = await verify();
    expect(findings).toMatchObject([{ kind: "leaves-rewritten", leaf: 256, tile: "tile/0/001" }]);
  });

  test("altered together with the partial tile at the end is found by the checkpoints on both sides", async () => {
    await ledger.tamper(`update ledger_entry set entry = ${hex(otherEntry(1))} where leaf = 650`);
    await forgeTile(650, otherEntry(1));
    const { findings } = await verify();
    expect(findings).toMatchObject([{ kind: "checkpoint-root", leaf: 600, checkpoint: 700 }]);
    expect(findings[0]?.what).toContain("from leaf 600 to 699");
  });

  test("altered together with every tile above it is found by the checkpoints", async () => {
    await ledger.tamper(`update ledger_entry set entry = ${hex(otherEntry(1))} where leaf = 400`);
    const acts = testActs(size).map(encodeAct);
    acts[400] = otherEntry(1);
    const { tiles } = extendEdge(emptyEdge, Buffer.concat(acts.map(leafHash)));
    for (const { level, index, hashes } of tiles) {
      await ledger.tamper(
        `update ledger_tile set hashes = ${hex(hashes)} where level = ${String(level)} and index = ${String(index)}`,
      );
    }
    const { findings } = await verify();
    expect(findings).toMatchObject([{ kind: "checkpoint-root", leaf: 300, checkpoint: 600 }]);
  });

  test("of many that were altered is counted, when there are more than can be named", async () => {
    await ledger.tamper("update ledger_entry set entry = set_byte(entry, 9, 66) where leaf < 50");
    const report = await verify({ mostFindings: 10 });
    expect(report.findings).toHaveLength(10);
    expect(report.findingCount).toBeGreaterThanOrEqual(50);
    expect(formatLedgerReport(report)).toContain(`and ${String(report.findingCount - 10)} more`);
  });
});

test("whatever is done to past rows is found, and the rows are named", async () => {
  const leafNumber = fc.nat({ max: size - 1 });
  const tampering = fc.array(
    fc.tuple(fc.constantFrom("delete", "alter", "exchange"), leafNumber, leafNumber),
    {
      minLength: 1,
      maxLength: 4,
    },
  );
  await ledger.tamper("create table kept as select * from ledger_entry");
  const recorded = testActs(size).map(encodeAct);
  await fc.assert(
    fc.asyncProperty(tampering, async (steps) => {
      await ledger.tamper("truncate ledger_entry; insert into ledger_entry select * from kept");
      // What each leaf holds after the tampering, as a model.
      const now: (Buffer | undefined)[] = [...recorded];
      for (const [step, leaf, other] of steps) {
        if (step === "delete") now[leaf] = undefined;
        else if (step === "alter") now[leaf] = otherEntry(leaf);
        else [now[leaf], now[other]] = [now[other], now[leaf]];
      }
      for (const leaf of new Set(steps.flatMap(([, one, other]) => [one, other]))) {
        await ledger.tamper(`delete from ledger_entry where leaf = ${String(leaf)}`);
        const entry = now[leaf];
        if (entry !== undefined)
          await ledger.tamper(`insert into ledger_entry values (${String(leaf)}, ${hex(entry)})`);
      }
      const wrong = recorded.flatMap((entry, leaf) => (now[leaf]?.equals(entry) === true ? [] : [leaf]));
      const { findings, holds } = await verify();
      expect(holds).toBe(wrong.length === 0);
      expect(findings.map(({ leaf }) => leaf)).toEqual(wrong);
    }),
    { numRuns: 12 },
  );
});
