import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { encodeAct } from "./act-encoding.ts";
import { signCheckpoint } from "./checkpoint.ts";
import { formatVerifierKey } from "./note.ts";
import { type TestLedger, testActs, testLedger, testOrigin } from "./testkit.ts";
import { leafHash } from "./tree/hash.ts";
import { type VerifyOptions, verifyLedger } from "./verify-ledger.ts";

// 700 leaves: two full tiles and a partial one, with checkpoints at 300, 600 and 700.
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

describe("the tree", () => {
  test("a wrong hash in a tile is told from a wrong row", async () => {
    await forgeTile(300, otherEntry(1));
    expect((await verify()).findings).toMatchObject([{ kind: "tile-wrong", tile: "tile/0/001" }]);
    await forgeTile(650, otherEntry(1));
    const { findings } = await verify();
    expect(findings.map(({ kind, tile }) => [kind, tile])).toEqual([
      ["tile-wrong", "tile/0/001"],
      ["tile-wrong", "tile/0/002.p/188"],
    ]);
  });

  test("a wrong hash in a tile above is named", async () => {
    await ledger.tamper(
      "update ledger_tile set hashes = set_byte(hashes, 40, get_byte(hashes, 40) # 1) where level = 1",
    );
    expect((await verify()).findings).toMatchObject([
      { kind: "tile-wrong", tile: "tile/1/000.p/2", leaf: 256 },
    ]);
  });

  test("a missing tile is named, and the rows below it are still checked", async () => {
    await ledger.tamper("delete from ledger_tile where level = 1");
    expect((await verify()).findings).toMatchObject([{ kind: "tile-missing", tile: "tile/1/000.p/2" }]);
    await ledger.tamper("delete from ledger_tile where level = 0 and index = 1");
    expect((await verify()).findings).toMatchObject([{ tile: "tile/0/001" }, { tile: "tile/1/000.p/2" }]);
    await ledger.tamper("delete from ledger_entry where leaf = 257");
    expect((await verify()).findings.map(({ kind }) => kind)).toContain("leaf-deleted");
  });

  test("a tile of a wrong length, and one beyond the tree, are named", async () => {
    await ledger.tamper(
      "update ledger_tile set hashes = substr(hashes, 1, 320) where level = 0 and index = 0",
    );
    await ledger.tamper(
      "insert into ledger_tile values (0, 99, decode(repeat('00', 32), 'hex')), (3, 0, decode(repeat('00', 32), 'hex'))",
    );
    const { findings } = await verify();
    expect(findings.map(({ kind, tile }) => [kind, tile])).toEqual([
      ["tile-wrong", "tile/0/000"],
      ["tile-beyond-tree", "tile/0/99"],
      ["tile-beyond-tree", "tile/3/0"],
    ]);
  });
});

describe("checkpoints", () => {
  test("one whose signature does not hold is named", async () => {
    await ledger.tamper(
      "update ledger_checkpoint set note = replace(note, E'\\n600\\n', E'\\n601\\n') where size = 600",
    );
    const report = await verify();
    expect(report.findings).toMatchObject([{ kind: "checkpoint-signature", checkpoint: 600 }]);
    expect(report.checkpoints).toBe(2);
  });

  test("one that stands at another size is named", async () => {
    await ledger.tamper("update ledger_checkpoint set size = 599 where size = 600");
    expect((await verify()).findings).toMatchObject([{ kind: "checkpoint-size", checkpoint: 599 }]);
  });

  test("one that our key signed for another root is named", async () => {
    const { verifier } = ledger.signer;
    const note = await signCheckpoint(
      { origin: testOrigin, size: 500, root: Buffer.alloc(32, 1) },
      verifier,
      (message) => ledger.key.sign("ledger", message),
    );
    await ledger.tamper(`insert into ledger_checkpoint values (500, '${note}', now())`);
    expect((await verify()).findings).toMatchObject([{ kind: "checkpoint-root", checkpoint: 500 }]);
  });

  test("with the key of another ledger none holds", async () => {
    const other = await testLedger();
    try {
      const report = await verify({ verifierKey: formatVerifierKey(other.signer.verifier) });
      expect(report.findings.map(({ checkpoint }) => checkpoint)).toEqual([300, 600, 700]);
    } finally {
      await other.drop();
    }
  });

  test("a ledger cut short with its newest checkpoints is found by the signer's own", async () => {
    const { note } = await ledger.signer.lastCheckpoint();
    await ledger.tamper("delete from ledger_entry where leaf >= 600");
    await ledger.tamper("delete from ledger_checkpoint where size > 600");
    await ledger.tamper(
      `update ledger_tile set hashes = substr(hashes, 1, 88 * 32) where level = 0 and index = 2`,
    );
    expect(await verify()).toMatchObject({ holds: true, size: 600 });
    const report = await verify({ knownCheckpoints: [note] });
    expect(report.findings).toMatchObject([{ kind: "rolled-back", leaf: 600, checkpoint: 700 }]);
  });

  test("leaves cut off at the end are named when their checkpoint is still there", async () => {
    await ledger.tamper("delete from ledger_entry where leaf >= 698");
    await ledger.tamper(
      `update ledger_tile set hashes = substr(hashes, 1, 186 * 32) where level = 0 and index = 2`,
    );
    const { findings } = await verify();
    expect(findings.filter(({ kind }) => kind === "leaf-deleted").map(({ leaf }) => leaf)).toEqual(
      expect.arrayContaining([698, 699]),
    );
  });
});
