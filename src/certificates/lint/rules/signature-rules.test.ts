import { describe, expect, it } from "vitest";
import { bitString, sequence } from "../../der/index.ts";
import { ecdsaWithSha256, encodeP256PublicKey } from "../../keys/index.ts";
import { parseCertificate } from "../../syntax/index.ts";
import { limits } from "../lint.testdata.ts";
import { lintCertificate } from "../lint.ts";
import { issuerInfo, sampleFields, sampleTbs, signedSample } from "../samples.testdata.ts";

describe("a signed certificate", () => {
  const tbs = sampleTbs("device");
  const der = signedSample(tbs);
  const rulesOf = (octets: Buffer, issuer?: Buffer) =>
    lintCertificate(parseCertificate(octets), issuer === undefined ? { limits } : { limits, issuer }).map(
      ({ rule }) => rule,
    );

  it("has no finding under its issuer's key", () => {
    expect(rulesOf(der, issuerInfo)).toEqual([]);
  });

  it("is found by the rule signature under another key", () => {
    const other = encodeP256PublicKey(sampleFields.device.publicKey);
    expect(rulesOf(der, other)).toEqual(["signature"]);
  });

  it("is found by the rule signature with one octet of its content altered", () => {
    const device = der.indexOf(Buffer.from("00db1234567890a4", "hex")) + 7;
    const altering = Buffer.from(der);
    altering.writeUInt8(0xa5, device);
    expect(rulesOf(altering, issuerInfo)).toEqual(["signature"]);
    expect(rulesOf(altering)).toEqual([]);
  });

  it("is found by the rule signature-algorithm-match when another algorithm stands beside the signature", () => {
    const withNull = Buffer.concat([ecdsaWithSha256.subarray(2), Buffer.from("0500", "hex")]);
    const { signatureValue } = parseCertificate(der);
    expect(rulesOf(sequence(tbs, sequence(withNull), bitString(signatureValue)))).toEqual([
      "signature-algorithm-match",
    ]);
  });

  const r = "0220" + "11".repeat(32);
  it.each([
    ["a superfluous zero octet", `30450221${"00" + "11".repeat(32)}${r}`],
    ["a negative integer", `30440220${"ff" + "11".repeat(31)}${r}`],
    ["a zero", `3025020100${r}`],
    ["an integer above the order", `3045022100${"ff".repeat(32)}${r}`],
    ["three integers", `3047${r}${r}020101`],
    ["an octet after the end", `3044${r}${r}00`],
    ["nothing", ""],
  ])("is found by the rule signature-encoding with %s in its signature", (_, signature) => {
    const value = bitString(Buffer.from(signature, "hex"));
    expect(rulesOf(sequence(tbs, ecdsaWithSha256, value))).toEqual(["signature-encoding"]);
  });
});
