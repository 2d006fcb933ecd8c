import { sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import { buildTbsCrl, type CrlFields } from "../crl/build.ts";
import { listFields, signedList, signList } from "../crl/lists.testdata.ts";
import { type CertificateList, parseCrl, parseTbsCrl } from "../crl/parse.ts";
import { bitString, sequence } from "../der/index.ts";
import { replaced } from "../der/replaced.testdata.ts";
import { ecdsaWithSha256 } from "../keys/index.ts";
import { lintCrl, lintCrlSignature, lintTbsCrl } from "./lint-crl.ts";
import { issuerInfo, issuerKey } from "./samples.testdata.ts";

const reason = "300c300a0603551d1504030a0101";
const number = "300a0603551d140403020107";
const authority = "30130603551d23040c300a80084f5688d7ec933be2";

function rulesOf(list: CertificateList): string[] {
  return lintCrl(list).map(({ rule }) => rule);
}

/** A list with its to-be-signed part altered, and signed again. */
function alteredList(from: string, to: string): CertificateList {
  const tbs = replaced(buildTbsCrl(listFields), from, to);
  const signature = bitString(sign("sha256", tbs, issuerKey.privateKey));
  return parseCrl(sequence(tbs, ecdsaWithSha256, signature));
}

describe("a conforming list", () => {
  it("has no finding under its CA's key, with entries and without", () => {
    expect(lintCrl(parseCrl(signedList), { issuer: issuerInfo })).toEqual([]);
    expect(lintCrl(parseCrl(signList({ ...listFields, revoked: [] })), { issuer: issuerInfo })).toEqual([]);
  });
});

describe("a list that is not signed yet", () => {
  const { revoked } = listFields;
  const findings = async (fields: CrlFields) =>
    (await lintTbsCrl(parseTbsCrl(buildTbsCrl(fields)), { issuer: issuerInfo })).map(({ rule }) => rule);

  it("is held against every rule but those of the signature", async () => {
    expect(await findings(listFields)).toEqual([]);
    const [entry = expect.fail()] = revoked;
    expect(await findings({ ...listFields, revoked: [...revoked, entry] })).toEqual(["crl-serial-numbers"]);
    const held = { ...entry, reason: "certificateHold" } as const;
    expect(await findings({ ...listFields, revoked: [held] })).toEqual(["crl-reasons"]);
    expect(await findings({ ...listFields, nextUpdate: listFields.thisUpdate })).toEqual(["crl-times"]);
  });
  it("is held against those of the signature when it has one, and against both at once", () => {
    const list = parseCrl(signedList);
    expect(lintCrlSignature(list, { issuer: issuerInfo })).toEqual([]);
    const other = {
      ...list,
      signatureValue: parseCrl(signList({ ...listFields, number: 8n })).signatureValue,
    };
    expect(lintCrlSignature(other, { issuer: issuerInfo }).map(({ rule }) => rule)).toEqual([
      "crl-signature",
    ]);
    expect(lintCrl(other, { issuer: issuerInfo }).map(({ rule }) => rule)).toEqual(["crl-signature"]);
  });
});

describe("a list is found by the rule", () => {
  const cases: readonly [rule: string, what: string, from: string, to: string][] = [
    ["crl-version", "of version 1", "020101300a06082a8648ce3d040302", "300a06082a8648ce3d040302"],
    ["crl-issuer", "of an issuer in UTF8String", "13025a31", "0c025a31"],
    ["crl-times", "without nextUpdate", `170d${Buffer.from("260303120000Z").toString("hex")}`, ""],
    [
      "crl-times",
      "that ends when it begins",
      Buffer.from("260303120000Z").toString("hex"),
      Buffer.from("260301120000Z").toString("hex"),
    ],
    [
      "crl-times",
      "with GeneralizedTime before 2050",
      `170d${Buffer.from("260303120000Z").toString("hex")}`,
      `180f${Buffer.from("20260303120000Z").toString("hex")}`,
    ],
    [
      "crl-serial-numbers",
      "with a serial number twice",
      "1000000000000000000000000000ffff",
      "4fbc5252000000000000000000000001",
    ],
    [
      "crl-serial-numbers",
      "with a negative serial number",
      "1000000000000000000000000000ffff",
      "9000000000000000000000000000ffff",
    ],
    ["crl-reasons", "with a reason that is critical", reason, "300f300d0603551d150101ff04030a0101"],
    ["crl-reasons", "with the reason unspecified", reason, "300c300a0603551d1504030a0100"],
    ["crl-reasons", "with a hold", reason, "300c300a0603551d1504030a0106"],
    ["crl-reasons", "with the reason 7, which does not exist", reason, "300c300a0603551d1504030a0107"],
    [
      "crl-reasons",
      "with an invalidityDate",
      reason,
      `301a30180603551d180411180f${Buffer.from("20260101000000Z").toString("hex")}`,
    ],
    ["crl-extensions", "without a number", number, ""],
    ["crl-extensions", "with its extensions the other way round", authority + number, number + authority],
    ["crl-extensions", "with a critical number", number, "300d0603551d140101ff0403020107"],
    ["crl-extensions", "with a negative number", "0403020107", "0403020187"],
    [
      "crl-extensions",
      "with an issuer in its key identifier",
      authority,
      "30160603551d23040f300d80084f5688d7ec933be2820101",
    ],
  ];
  it.each(cases)("%s: %s", (rule, _, from, to) => {
    expect(rulesOf(alteredList(from, to))).toEqual([rule]);
  });

  it("crl-signature-algorithm: with NULL parameters beside the signature, or inside and outside", () => {
    const withNull = "300c06082a8648ce3d0403020500";
    const list = parseCrl(signedList);
    const inner = { ...list.signatureAlgorithm, der: Buffer.from(withNull, "hex") };
    expect(rulesOf({ ...list, signatureAlgorithm: inner })).toEqual(["crl-signature-algorithm"]);
    expect(rulesOf({ ...list, signatureAlgorithm: inner, tbsSignatureAlgorithm: inner })).toEqual([
      "crl-signature-algorithm",
    ]);
  });

  it("crl-serial-numbers: with revokedCertificates that are empty", () => {
    expect(rulesOf({ ...parseCrl(signedList), entries: [], hasEmptyEntries: true })).toEqual([
      "crl-serial-numbers",
    ]);
  });

  it("crl-signature: with one serial number altered after signing", () => {
    const [first] = listFields.revoked;
    if (first === undefined) throw new Error("no entry");
    const altered = Buffer.from(signedList);
    altered.writeUInt8(0x02, altered.indexOf(Buffer.from(first.serialNumber, "hex")) + 15);
    const found = lintCrl(parseCrl(altered), { issuer: issuerInfo });
    expect(found.map(({ rule }) => rule)).toEqual(["crl-signature"]);
  });

  it("crl-issuer and crl-extensions: held against another CA", () => {
    const issuer = {
      publicKey: issuerKey.publicKey,
      subject: Buffer.from("3000", "hex"),
      keyIdentifier: Buffer.alloc(8),
    };
    expect(lintCrl(parseCrl(signedList), { issuer }).map(({ rule }) => rule)).toEqual([
      "crl-issuer",
      "crl-extensions",
    ]);
  });
});
