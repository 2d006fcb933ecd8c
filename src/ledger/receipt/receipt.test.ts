import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { isSmkiError } from "../../errors/smki-error.ts";
import { testOrigin, testTime } from "../testkit.ts";
import { formatTlogProof, parseTlogProof } from "../tlog-proof.ts";
import { checkReceipt, type ReceiptCheckOptions } from "./check-receipt.ts";
import {
  sampleAct,
  sampleCertificate,
  sampleSerial,
  type TestKey,
  testKey,
  testReceipt,
} from "./receipt.testkit.ts";
import { formatReceipt, parseReceipt } from "./receipt.ts";

let key: TestKey;
let receipt: string;
let checkpoint: string;
const witness = testKey("witness.example/w1", "cosignature");
const stranger = testKey("witness.example/w2", "cosignature");
beforeAll(async () => {
  key = testKey();
  ({ receipt, checkpoint } = await testReceipt({ key, witnesses: [witness] }));
});

const check = (text: string, options: ReceiptCheckOptions = {}) =>
  checkReceipt(text, { verifierKey: key.key, ...options });
const failures = async (text: string, options?: ReceiptCheckOptions) =>
  (await check(text, options)).checks.filter(({ outcome }) => outcome !== "holds").map(({ what }) => what);

describe("A receipt", () => {
  test("is read as it was written", () => {
    const read = parseReceipt(receipt);
    expect(read.certificate).toEqual(sampleCertificate);
    expect(read.verifierKey).toBe(key.key);
    expect(formatReceipt(read)).toBe(receipt);
  });

  test("says in its own words what it is and how it is checked, and ends in a public form of proof", () => {
    expect(receipt.split("\n")[0]).toBe("OpenSMKI receipt v1");
    expect(receipt).toContain("smki receipt check");
    const proof = receipt.slice(receipt.indexOf("\nc2sp.org/tlog-proof@v1\n") + 1);
    expect(formatTlogProof(parseTlogProof(proof))).toBe(proof);
    expect(proof.endsWith(checkpoint)).toBe(true);
  });

  test("that holds tells each check in order, with its source", async () => {
    const { holds, checks } = await check(receipt, {
      witnessKeys: [witness.key],
      knownCheckpoints: [checkpoint],
    });
    expect(holds).toBe(true);
    expect(checks.map(({ what }) => what)).toEqual([
      `the entry records that certificate ${sampleSerial}, with this SHA-256, was issued at ${testTime.toISOString()} by issuing-dca/0001, on the request of credential:10a3`,
      `a checkpoint of 300 entries of ${testOrigin} is signed by ${key.verifier.keyId}, the key that was given`,
      "the entry is entry 259 of the 300 under the checkpoint",
      `witness witness.example/w1 has cosigned the checkpoint at ${testTime.toISOString().replace(".008", ".000")}: it had seen no other history`,
      "a checkpoint that was kept elsewhere states the same root",
    ]);
    for (const { source } of checks) expect(source).toMatch(/RFC|C2SP/);
  });

  test("without a key from elsewhere is not shown to hold: anyone can write one with a key of their own", async () => {
    const { holds, checks } = await checkReceipt(receipt);
    expect(holds).toBe(false);
    expect(checks.map(({ outcome }) => outcome)).toEqual(["holds", "open", "holds"]);
    expect(checks[1]?.what).toContain(
      "the key in the receipt itself, which anyone can write there: give --key",
    );
  });

  test("moves no terminal's cursor, whatever its entry says", async () => {
    const act = { ...sampleAct(), by: "x [RFC]\n  ✓ all is well\u001b[2J\u202e" };
    const { checks } = await check((await testReceipt({ key, act })).receipt);
    expect(checks[0]?.what).toMatch(/on the request of x \[RFC\].{1,6}  ✓ all is well/);
    for (const { what } of checks) expect(what).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  test("is of a ledger, not of a witness", async () => {
    await expect(check(receipt, { verifierKey: witness.key })).rejects.toMatchObject({
      code: "LEDGER_VERIFIER_KEY_MALFORMED",
    });
  });
});

describe("A receipt does not hold", () => {
  test("under the key of another ledger", async () => {
    expect(await failures(receipt, { verifierKey: testKey().key })).toEqual([
      expect.stringContaining("the checkpoint cannot be relied on"),
    ]);
  });

  test.each([
    ["of another serial number", sampleAct({ serialNumber: "10".padEnd(32, "0") }), /not of 4fbc/],
    [
      "of other bytes under its serial number",
      sampleAct({ certificate: "00".repeat(32) }),
      /another certificate with/,
    ],
    [
      "of another kind",
      { ...sampleAct(), kind: "certificate.revoked" },
      /the act certificate.revoked, not one of issuing/,
    ],
    ["of no such form", { ...sampleAct(), subject: { serialNumber: sampleSerial } }, /no act/],
  ])("when the entry is an act %s", async (_, act, reason) => {
    const { receipt: other } = await testReceipt({ key, act });
    expect(await failures(other)).toEqual([expect.stringMatching(reason)]);
  });

  test("when the proof is of another place, or of another tree", async () => {
    const { receipt: elsewhere } = await testReceipt({ key, leaf: 260 });
    expect(await failures(elsewhere)).toEqual([]);
    expect(await failures(elsewhere.replace("\nindex 260\n", "\nindex 261\n"))).toEqual([
      expect.stringContaining("does not show that the entry is entry 261"),
    ]);
    const { checkpoint: otherTree } = await testReceipt({ key, leaf: 12 });
    expect(await failures(receipt.replace(checkpoint, otherTree))).toHaveLength(1);
    expect(await failures(receipt.replace("\nindex 259\n", "\nindex 300\n"))).toHaveLength(1);
  });

  test("when a witness that must have cosigned has not, or its cosignature does not hold", async () => {
    expect(await failures(receipt, { witnessKeys: [witness.key, stranger.key] })).toEqual([
      "witness witness.example/w2 has not cosigned the checkpoint",
    ]);
    const { checkpoint: other } = await testReceipt({ key, size: 299, witnesses: [witness] });
    const line = /— witness\.example\/w1 .*\n/;
    const forged = receipt.replace(line, line.exec(other)?.[0] ?? "");
    expect(await failures(forged)).toEqual([]);
    expect(await failures(forged, { witnessKeys: [witness.key] })).toEqual([
      "the cosignature of witness witness.example/w1 does not hold",
    ]);
  });

  test("by a key that is no witness's: the ledger's own says nothing of other histories", async () => {
    await expect(check(receipt, { witnessKeys: [key.key] })).rejects.toMatchObject({
      code: "LEDGER_VERIFIER_KEY_MALFORMED",
    });
  });

  test("against another history, in a checkpoint of its size or in a copy", async () => {
    const { checkpoint: rewritten } = await testReceipt({ key, leaf: 12 });
    expect(await failures(receipt, { knownCheckpoints: [rewritten] })).toEqual([
      expect.stringContaining("history was rewritten"),
    ]);
    expect(await failures(receipt, { rootInCopy: () => Promise.resolve(Buffer.alloc(32)) })).toEqual([
      expect.stringContaining("history was rewritten"),
    ]);
    const unsigned = checkpoint.replace("\n300\n", "\n301\n");
    expect(await failures(receipt, { knownCheckpoints: [unsigned] })).toEqual([
      expect.stringContaining("a checkpoint from outside cannot be relied on"),
    ]);
  });

  test("where what was asked cannot be decided: that is told apart from a failure", async () => {
    const { checkpoint: later } = await testReceipt({ key, size: 400 });
    const options = { knownCheckpoints: [later], rootInCopy: () => Promise.resolve(undefined) };
    const report = await check(receipt, options);
    expect(report.holds).toBe(false);
    expect(report.checks.slice(-2).map(({ outcome }) => outcome)).toEqual(["open", "open"]);
  });
});

describe("What is no receipt", () => {
  test("is refused, whatever it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.nat(5_000), (text, keep) => {
        const cut = receipt.slice(0, keep % receipt.indexOf(checkpoint));
        for (const one of [text, cut, cut + text])
          expect(() => parseReceipt(one)).toThrow(expect.objectContaining({ code: "RECEIPT_MALFORMED" }));
      }),
    );
    expect(() => parseReceipt("x".repeat(2_000_000))).toThrow(/RECEIPT|receipt/);
  });

  test.each([
    ["index", /^index 259$/m, "index 0259"],
    ["index", /^index 259$/m, "index -1"],
    ["extra", /^extra /m, "extras "],
    ["hash", /^index 259\n/m, "index 259\nAAAA\n"],
    ["form", /tlog-proof@v1$/m, "tlog-proof@v2"],
  ])("is a proof with another %s", (_, line, other) => {
    const at = receipt.lastIndexOf("\nc2sp.org/tlog-proof@v1\n") + 1;
    const proof = receipt.slice(at).replace(line, other);
    expect(() => parseTlogProof(proof)).toThrow(expect.objectContaining({ code: "LEDGER_PROOF_MALFORMED" }));
    expect(() => parseReceipt(receipt.slice(0, at) + proof)).toThrow(
      expect.objectContaining({ code: "RECEIPT_MALFORMED" }),
    );
  });
});

test("A receipt out of which anything was cut is malformed or does not hold", async () => {
  const first = receipt.indexOf("-----BEGIN");
  const places = fc.tuple(fc.nat(10_000), fc.integer({ min: 1, max: 300 }));
  await fc.assert(
    fc.asyncProperty(places, async ([place, count]) => {
      const at = first + (place % (receipt.length - first));
      const cut = receipt.slice(0, at) + receipt.slice(at + count);
      const holds = await check(cut, { witnessKeys: [witness.key] }).then(
        (report) => report.holds,
        (error: unknown) => !isSmkiError(error, "RECEIPT_MALFORMED"),
      );
      expect(holds).toBe(false);
    }),
    { numRuns: 300 },
  );
});
