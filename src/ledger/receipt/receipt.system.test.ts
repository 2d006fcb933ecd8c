import { hash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { type KyselyPlugin, RawNode } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { isSmkiError } from "../../errors/smki-error.ts";
import { encodeAct } from "../act-encoding.ts";
import { signCheckpoint } from "../checkpoint.ts";
import {
  copyOf,
  hasPython,
  removeFolders,
  rewriteHistory,
  secondOpinion,
  secondOpinions,
  temporaryFolder,
} from "../copy/copy.testkit.ts";
import { littleChange } from "../copy/little-change.testkit.ts";
import { rootInCopy } from "../copy/root-in-copy.ts";
import { decodeNoteText, formatVerifierKey } from "../note.ts";
import { type TestLedger, testActs, testLedger, testOrigin, testTime } from "../testkit.ts";
import { leafHash } from "../tree/hash.ts";
import { findCertificateLeaf } from "./certificate-leaf-store.ts";
import { checkReceipt } from "./check-receipt.ts";
import { type HeldCertificate, makeReceipt } from "./make-receipt.ts";
import { sampleAct, sampleCertificate, sampleSerial, testKey, testReceipt } from "./receipt.testkit.ts";
import { formatReceipt } from "./receipt.ts";

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

  test("asked for before its act has a leaf does not cost reading the ledger", async () => {
    const justIssued = {
      ...sampleAct({ serialNumber: "10".padEnd(32, "b") }),
      at: new Date("2026-03-05T00:00:00Z"),
    };
    await ledger.record([justIssued]);
    const asked: string[] = [];
    const listening: KyselyPlugin = {
      transformQuery: ({ node }) => {
        if (RawNode.is(node)) asked.push(node.sqlFragments.join("?"));
        return node;
      },
      transformResult: ({ result }) => Promise.resolve(result),
    };
    const sha256 = hash("sha256", sampleCertificate, "hex");
    const wanted = { serialNumber: "10".padEnd(32, "b"), sha256, issuedAt: justIssued.at };
    const found = await ledger.database.read((tx) => findCertificateLeaf(tx.withPlugin(listening), wanted));
    expect(found).toBe("open");
    const runs = asked.filter((text) => text.includes("select leaf from ledger_entry where leaf >="));
    expect(runs).toHaveLength(1);
    await ledger.sequence();
  });

  test("is found wherever its act stands, whatever the time that is looked for", async () => {
    const late = {
      ...sampleAct({ serialNumber: "10".padEnd(32, "a") }),
      at: new Date(testTime.getTime() + 5_000_000),
    };
    await ledger.record([late]);
    await ledger.sequence();
    for (const lodgedAt of [late.at, new Date(0), new Date("2999-01-01T00:00:00Z")])
      expect(indexIn(await make({ serialNumber: "10".padEnd(32, "a"), lodgedAt }))).toBe(20_002);
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
  /** As the verb does it: from the octets of a file. */
  const ourJudgement = async (path: string) => {
    try {
      return (await checkReceipt(decodeNoteText(readFileSync(path)), { verifierKey: key.key })).holds;
    } catch (error) {
      if (isSmkiError(error, "RECEIPT_MALFORMED") || isSmkiError(error, "LEDGER_NOTE_MALFORMED"))
        return false;
      throw error;
    }
  };
  const judged = async (receipt: string) => {
    writeFileSync(file, receipt);
    return [await ourJudgement(file), secondOpinion("receipt", file, key.key).holds];
  };
  const judgedAll = async (receipts: readonly Buffer[]) => {
    const folder = temporaryFolder();
    const paths = receipts.map((receipt, index) => {
      const path = join(folder, String(index));
      writeFileSync(path, receipt);
      return path;
    });
    const second = secondOpinions("receipt", paths, key.key);
    return Promise.all(
      paths.map(async (path, index) => ({
        ours: await ourJudgement(path),
        second: second[index],
        changed: receipts[index] ?? Buffer.alloc(0),
      })),
    );
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

  test("finds one flipped bit anywhere in what is proved", async () => {
    const { receipt } = await testReceipt({ key });
    const octets = Buffer.from(receipt);
    const first = octets.indexOf("-----BEGIN");
    const places = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 7 })), { minLength: 100, maxLength: 100 });
    await fc.assert(
      fc.asyncProperty(places, async (flips) => {
        const flipped = flips.map(([place, bit]) => {
          const other = Buffer.from(octets);
          const at = first + (place % (octets.length - first));
          other.writeUInt8(other.readUInt8(at) ^ (1 << bit), at);
          return other;
        });
        for (const { ours, second } of await judgedAll(flipped))
          expect([ours, second]).toEqual([false, false]);
      }),
      { numRuns: 1, endOnFailure: true },
    );
  });

  test("and ours say the same of any receipt that was changed a little, cosignatures and all", async () => {
    const witnesses = [
      testKey("witness.example/w1", "cosignature"),
      testKey("witness.example/w2", "cosignature"),
    ];
    const { receipt } = await testReceipt({ key, witnesses, size: 13, leaf: 6 });
    const changes = fc.array(littleChange, { minLength: 500, maxLength: 500 });
    await fc.assert(
      fc.asyncProperty(changes, async (some) => {
        const judgements = await judgedAll(some.map((change) => change(Buffer.from(receipt))));
        for (const { ours, second, changed } of judgements)
          expect(second, changed.toString("latin1")).toBe(ours);
        expect(new Set(judgements.map(({ ours }) => ours))).toEqual(new Set([true, false]));
      }),
      { numRuns: 1, endOnFailure: true },
    );
  });

  test("refuses, as we do, what no receipt has", async () => {
    const { receipt } = await testReceipt({ key });
    const spoilt: Record<string, string> = {
      "an unknown signer's line that is no base64": `${receipt}— a.example/w !\n`,
      "a signer's name with a plus": `${receipt}— a+b AAAAAAAA\n`,
      "a signature of nothing but a key id": `${receipt}— a.example/w AAAAAA==\n`,
      "more signatures than are read": receipt + "— a.example/w AAAAAAAA\n".repeat(100),
      "a blank in the certificate": receipt.replace("\nMII", "\nMII "),
      "no verifier key": receipt.replace(/^verifier-key/m, "verifier_key"),
      "a line before the certificate": receipt.replace("-----BEGIN", "x\n-----BEGIN"),
      "too many remarks": receipt.replace("\n#", `${"\n# more".repeat(60)}\n#`),
      "lines ended as Windows does": receipt.replaceAll("\n", "\r\n"),
      "a mark before its first line": `\ufeff${receipt}`,
    };
    const judgements = await judgedAll(Object.values(spoilt).map((text) => Buffer.from(text)));
    for (const [index, name] of Object.keys(spoilt).entries())
      expect(judgements[index], name).toMatchObject({ ours: false, second: false });
  });

  test("refuses, as we do, an entry of another form, even one that the ledger signed for", async () => {
    const good = encodeAct(sampleAct()).toString();
    const entries: Record<string, string> = {
      "the good one": good,
      "a fraction": good.replace('"authority"', '"amount":1.5,"authority"'),
      "an integer that is not exact": good.replace('"authority"', '"amount":9007199254740993,"authority"'),
      "another version": good.replace('"version":1', '"version":2'),
      "a day that is none": good.replace("2026-03-04", "2026-02-30"),
      "a serial number in capitals": good.replace(sampleSerial, sampleSerial.toUpperCase()),
      "no authority": good.replace('"authority":"issuing-dca/0001",', ""),
      "members in another order": good.replace('"chunk"', '"amount":1,"chunk"'),
      "a member more": good.replace('"by"', '"because":"x","by"'),
    };
    expect(new Set(Object.values(entries)).size).toBe(Object.keys(entries).length);
    const receipts = Object.values(entries).map(async (text) => {
      const entry = Buffer.from(text);
      const state = { origin: testOrigin, size: 1, root: leafHash(entry) };
      const checkpoint = await signCheckpoint(state, key.verifier, key.sign);
      const proof = { entry, index: 0, hashes: [], checkpoint };
      return Buffer.from(formatReceipt({ certificate: sampleCertificate, verifierKey: key.key, proof }));
    });
    const judgements = await judgedAll(await Promise.all(receipts));
    for (const [index, name] of Object.keys(entries).entries())
      expect(judgements[index], name).toMatchObject({ ours: index === 0, second: index === 0 });
  });
});
