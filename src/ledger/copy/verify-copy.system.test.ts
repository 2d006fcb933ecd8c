import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isSmkiError } from "../../errors/smki-error.ts";
import { signCheckpoint } from "../checkpoint.ts";
import { formatVerifierKey } from "../note.ts";
import { testKey } from "../receipt/receipt.testkit.ts";
import { type TestLedger, testActs, testLedger, testOrigin, testTime } from "../testkit.ts";
import { emptyRoot } from "../tree/hash.ts";
import { verifyLedger } from "../verify-ledger.ts";
import { cosign } from "../witness/cosignature.ts";
import {
  copyOf,
  filesIn,
  hasPython,
  keepCheckpoint,
  removeFolders,
  rewriteHistory,
  secondOpinion,
  secondOpinions,
  temporaryFolder,
} from "./copy.testkit.ts";
import { littleChange } from "./little-change.testkit.ts";
import { type VerifyCopyOptions, verifyCopy } from "./verify-copy.ts";

// Two full tiles and a partial one; the copy was taken at 300 leaves and again at 700.
let ledger: TestLedger;
let verifierKey: string;
let copy: string;
let files: string[];
let at300: { note: string; file: string };
beforeAll(async () => {
  ledger = await testLedger();
  verifierKey = formatVerifierKey(ledger.signer.verifier);
  copy = temporaryFolder();
  await ledger.record(testActs(300));
  await ledger.sequence();
  await copyOf(ledger, copy);
  at300 = await keepCheckpoint(ledger);
  await ledger.record(testActs(400, 300));
  await ledger.sequence();
  await copyOf(ledger, copy);
  files = filesIn(copy);
});
afterAll(async () => {
  await ledger.drop();
  removeFolders();
});

/** The copy again, to be spoilt. */
function spoilt(spoil: (folder: string) => void): string {
  const folder = temporaryFolder();
  cpSync(copy, folder, { recursive: true });
  spoil(folder);
  return folder;
}

/** Ours and, where there is one, the second verifier's judgement, which must be the same. */
async function judge(folder: string, options: VerifyCopyOptions & { files?: readonly string[] } = {}) {
  const report = await verifyCopy(folder, { verifierKey, ...options });
  if (hasPython) {
    const second = secondOpinion("copy", folder, options.verifierKey ?? verifierKey, options.files);
    expect(second.holds, second.said).toBe(report.holds);
  }
  return report;
}
const against = (...kept: readonly { note: string; file: string }[]) => ({
  knownCheckpoints: kept.map(({ note }) => note),
  files: kept.map(({ file }) => file),
});

function flip(file: string, bit: number): void {
  const octets = readFileSync(file);
  const at = Math.floor(bit / 8) % octets.length;
  octets.writeUInt8(octets.readUInt8(at) ^ (1 << (bit % 8)), at);
  writeFileSync(file, octets);
}

describe("A copy that nobody has touched", () => {
  test("holds, against what was kept elsewhere too", async () => {
    const options = against(at300, await keepCheckpoint(ledger));
    expect(await judge(copy, options)).toMatchObject({
      holds: true,
      size: 700,
      checkpoints: 2,
      findings: [],
    });
  });

  test("holds against a cosigned checkpoint, whoever cosigned it", async () => {
    const { note } = await keepCheckpoint(ledger);
    const witness = testKey("witness.example/w1", "cosignature");
    const text = note.slice(0, note.lastIndexOf("\n\n") + 1);
    const { line } = await cosign(text, witness.verifier, witness.sign, testTime);
    const cosigned = { note: note + line, file: join(temporaryFolder(), "cosigned.txt") };
    writeFileSync(cosigned.file, cosigned.note);
    expect(await judge(copy, against(cosigned))).toMatchObject({ holds: true });
    const mirror = spoilt((folder) => {
      writeFileSync(join(folder, "checkpoint"), cosigned.note);
    });
    expect(await judge(mirror)).toMatchObject({ holds: true });
  });

  test("holds by its own key, and by none but the ledger's", async () => {
    expect(await verifyCopy(copy)).toMatchObject({ holds: true });
    const other = await testLedger();
    try {
      const report = await judge(copy, { verifierKey: formatVerifierKey(other.signer.verifier) });
      expect(report.findings.map(({ kind }) => kind)).toContain("checkpoint-signature");
    } finally {
      await other.drop();
    }
  });

  test("needs no more than what a tiled log has: a mirror's checkpoint and tiles alone", async () => {
    const mirror = spoilt((folder) => {
      rmSync(join(folder, "checkpoints"), { recursive: true });
    });
    expect(await judge(mirror)).toMatchObject({ holds: true, size: 700, checkpoints: 1 });
  });

  test("is read a page at a time, with progress", async () => {
    const seen: [number, number][] = [];
    await verifyCopy(copy, { onProgress: (leaves, size) => seen.push([leaves, size]) });
    expect(seen).toEqual([[700, 700]]);
  });
});

describe("One flipped bit", () => {
  test.each(["000", "001", "002.p/188"])("in entry bundle %s is found and named", async (name) => {
    const index = Number(name.slice(0, 3));
    const report = await judge(
      spoilt((folder) => {
        flip(join(folder, "tile/entries", name), 8 * 1_000);
      }),
    );
    const [finding] = report.findings;
    expect(finding?.leaf).toBeGreaterThanOrEqual(index * 256);
    expect(finding?.leaf).toBeLessThan(index * 256 + 256);
    expect(report.findings.map(({ kind }) => kind)).toContain("leaf-altered");
  });

  test("in an entry's length makes its bundle one that cannot be taken apart", async () => {
    const report = await judge(
      spoilt((folder) => {
        flip(join(folder, "tile/entries/001"), 0);
      }),
    );
    expect(report.findings).toMatchObject([{ kind: "bundle-damaged", tile: "tile/entries/001", leaf: 256 }]);
  });

  test.each(["tile/0/000", "tile/0/001", "tile/0/002.p/188", "tile/1/000.p/2"])(
    "in %s is found and named",
    async (tile) => {
      const report = await judge(
        spoilt((folder) => {
          flip(join(folder, tile), 8 * 40);
        }),
      );
      expect(report.findings).toMatchObject([{ kind: "tile-wrong", tile }]);
    },
  );

  test.each(["checkpoint", "checkpoints/300.txt", "checkpoints/700.txt"])(
    "in %s is found and named",
    async (name) => {
      const report = await judge(
        spoilt((folder) => {
          flip(join(folder, name), 8 * 40);
        }),
      );
      expect(report.findings).toHaveLength(1);
      for (const { kind, what } of report.findings)
        expect([kind, what]).toEqual([
          "checkpoint-signature",
          expect.stringContaining("cannot be relied on"),
        ]);
    },
  );

  test("in any file, anywhere, is found", async () => {
    const flips = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 2 ** 24 })), { minLength: 40, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(flips, async (some) => {
        const spoiltOnes = some.map(([file, bit]) => {
          const name = files[file % files.length] ?? "";
          return { name, folder: spoilt((one) => flip(join(one, name), bit)) };
        });
        for (const { name, folder } of spoiltOnes) {
          const report = await verifyCopy(folder, name === "verifier-key" ? {} : { verifierKey }).catch(
            (error: unknown) => {
              if (!isSmkiError(error) || name !== "verifier-key") throw error;
              return { holds: false };
            },
          );
          expect(report.holds, name).toBe(false);
        }
        const others = spoiltOnes.filter(({ name }) => name !== "verifier-key").map(({ folder }) => folder);
        if (hasPython) expect(secondOpinions("copy", others, verifierKey)).toEqual(others.map(() => false));
      }),
      { numRuns: 1, endOnFailure: true },
    );
  });
});

describe("A checkpoint of the copy", () => {
  const written = (name: string, note: string | Buffer) =>
    spoilt((folder) => {
      writeFileSync(join(folder, name), note);
    });

  test.each(["1700", "99700", "9999999", "0"])(
    "that claims %s entries, and is not signed, is found wherever that is",
    async (size) => {
      const note = readFileSync(join(copy, "checkpoint"), "utf8").replace("\n700\n", `\n${size}\n`);
      const report = await judge(written("checkpoint", note));
      expect(report.findings.map(({ kind }) => kind)).toContain("checkpoint-signature");
      const bare = written("checkpoint", note);
      rmSync(join(bare, "checkpoints"), { recursive: true });
      expect(await judge(bare)).toMatchObject({ holds: false });
    },
  );

  test("that is kept under the size of another is found, and what is kept beside them is passed over", async () => {
    for (const name of ["checkpoints/700.txt", "checkpoints/400.txt"])
      expect((await judge(written(name, at300.note))).findings).toMatchObject([{ kind: "checkpoint-size" }]);
    for (const name of ["checkpoints/notes.txt", "checkpoints/0300.txt", "checkpoints/300.txt.bak"])
      expect(await judge(written(name, "anything"))).toMatchObject({ holds: true });
  });

  test("that is no text, or none that can be read, is found", async () => {
    const cosigned = Buffer.concat([
      Buffer.from(`${at300.note}— a`),
      Buffer.of(0xff),
      Buffer.from(" AAAAAAAA\n"),
    ]);
    for (const name of ["checkpoint", "checkpoints/300.txt"])
      expect((await judge(written(name, cosigned))).findings.map(({ kind }) => kind)).toContain(
        "checkpoint-signature",
      );
    const folder = spoilt((one) => {
      rmSync(join(one, "checkpoints/300.txt"));
      mkdirSync(join(one, "checkpoints/300.txt"));
    });
    await expect(verifyCopy(folder, { verifierKey })).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
  });

  test("of no entries holds if it states the root of the empty tree", async () => {
    const sign = (root: Buffer) =>
      signCheckpoint({ origin: testOrigin, size: 0, root }, ledger.signer.verifier, (message) =>
        ledger.key.sign("ledger", message),
      );
    expect(await judge(written("checkpoints/0.txt", await sign(emptyRoot)))).toMatchObject({ holds: true });
    expect(await judge(written("checkpoints/0.txt", await sign(Buffer.alloc(32))))).toMatchObject({
      holds: false,
    });
  });

  test("that was changed a little is judged alike by both verifiers", async () => {
    const witness = testKey("witness.example/w1", "cosignature");
    const text = at300.note.slice(0, at300.note.lastIndexOf("\n\n") + 1);
    const { line } = await cosign(text, witness.verifier, witness.sign, testTime);
    const changes = fc.array(littleChange, { minLength: 60, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(changes, async (some) => {
        const notes = some.map((change) => change(Buffer.from(at300.note + line)));
        const folders = notes.map((note) => written("checkpoints/300.txt", note));
        const second = hasPython ? secondOpinions("copy", folders, verifierKey) : [];
        for (const [index, folder] of folders.entries()) {
          const { holds } = await verifyCopy(folder, { verifierKey });
          if (hasPython) expect(second[index], notes[index]?.toString("latin1")).toBe(holds);
        }
      }),
      { numRuns: 1, endOnFailure: true },
    );
  });

  test("is of a ledger, not of a witness", async () => {
    const witness = testKey(testOrigin, "cosignature");
    await expect(verifyCopy(copy, { verifierKey: witness.key })).rejects.toMatchObject({
      code: "LEDGER_VERIFIER_KEY_MALFORMED",
    });
  });
});

test("A file that is missing is named", async () => {
  for (const name of files.filter((one) => one.startsWith("tile/"))) {
    const report = await judge(
      spoilt((folder) => {
        rmSync(join(folder, name));
      }),
    );
    const kind = name.startsWith("tile/entries") ? "bundle-damaged" : "tile-missing";
    expect(report.findings).toMatchObject([{ kind, tile: name }]);
  }
  const none = spoilt((folder) => {
    rmSync(join(folder, "checkpoint"));
  });
  expect((await judge(none)).findings).toMatchObject([{ kind: "checkpoint-signature" }]);
  await expect(verifyCopy(temporaryFolder(), { verifierKey })).rejects.toMatchObject({
    code: "LEDGER_COPY_MISSING",
  });
});

describe("Against a checkpoint kept elsewhere", () => {
  // One ledger of the same key in the database, another in the checkpoint.
  const both = async (kept: readonly { note: string; file: string }[]) => {
    const folder = temporaryFolder();
    await copyOf(ledger, folder);
    const reports = [
      await verifyLedger(ledger.database, { verifierKey, knownCheckpoints: kept.map(({ note }) => note) }),
      await judge(folder, against(...kept)),
    ];
    const alone = [await verifyLedger(ledger.database, { verifierKey }), await judge(folder)];
    expect(alone.map(({ holds }) => holds)).toEqual([true, true]);
    return reports;
  };

  test("history that was rewritten whole and signed again by the ledger's own key fails, in database and copy", async () => {
    const at700 = await keepCheckpoint(ledger);
    await rewriteHistory(ledger, testActs(900, 5_000), [300, 700, 900]);
    for (const report of await both([at300, at700])) {
      expect(report).toMatchObject({ holds: false, size: 900, findingCount: 1 });
      expect(report.findings).toMatchObject([{ kind: "history-rewritten", checkpoint: 300, leaf: 0 }]);
    }
  });

  test("history that was rewritten from some leaf on fails, and the checkpoint before it bounds where", async () => {
    const at700 = await keepCheckpoint(ledger);
    await rewriteHistory(ledger, [...testActs(650), ...testActs(250, 5_000)], [300, 900]);
    for (const report of await both([at300, at700])) {
      expect(report.findings).toMatchObject([{ kind: "history-rewritten", checkpoint: 700, leaf: 300 }]);
      expect(report.findings[0]?.what).toContain("from leaf 300 to 699");
    }
  });

  test("a ledger that was put back fails, in database and copy", async () => {
    const at700 = await keepCheckpoint(ledger);
    await rewriteHistory(ledger, testActs(300), [300]);
    for (const report of await both([at300, at700]))
      expect(report.findings).toMatchObject([{ kind: "rolled-back", checkpoint: 700, leaf: 300 }]);
  });

  test("a checkpoint that the ledger's key never signed is no evidence against it, and is told", async () => {
    const forged = {
      note: at300.note.replace("\n300\n", "\n301\n"),
      file: join(temporaryFolder(), "forged.txt"),
    };
    writeFileSync(forged.file, forged.note);
    const report = await judge(copy, against(forged));
    expect(report.findings).toMatchObject([{ kind: "checkpoint-signature" }]);
  });
});
