import { describe, expect, it } from "vitest";
import { Tag } from "../der/index.ts";
import type { Certificate } from "../syntax/index.ts";
import { Oids } from "../vocabulary/index.ts";
import { chainOf } from "./chains.testdata.ts";
import { describeCertificate } from "./describe-certificate.ts";

const { root, issuing, leaf } = chainOf("oca");

function named(certificate: Certificate, text: string): Certificate {
  const attribute = { type: Oids.commonName, tag: Tag.utf8String, contents: Buffer.from(text) };
  return { ...certificate, subject: { ...certificate.subject, relativeDistinguishedNames: [[attribute]] } };
}

describe("a certificate in words", () => {
  it("is named by what it is and whose", () => {
    expect([root, issuing, leaf, chainOf("dca").leaf, chainOf("iki").leaf].map(describeCertificate)).toEqual([
      "Root OCA ZA",
      "Issuing OCA Z1",
      "Organisation Certificate SAMPLE, 90-B3-D5-1F-30-01-00-00 (supplier, digitalSignature)",
      "Device Certificate 00-DB-12-34-56-78-90-A4 (keyAgreement)",
      "IKI Certificate batch-1, Sample Supplier",
    ]);
  });

  it("holds nothing that would move a terminal's cursor or turn its writing round", () => {
    const said = describeCertificate(named(root, "Z\u001B[2J\u0007\u202Eevil\u2028\n"));
    expect(said).toBe("Root DCA Z\uFFFD[2J\uFFFD\uFFFDevil\uFFFD\uFFFD");
  });

  it("is not longer than a line for a name that is", () => {
    expect(describeCertificate(named(root, "x".repeat(500))).length).toBeLessThan(100);
  });
});
