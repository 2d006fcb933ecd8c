import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { isSmkiError } from "../errors/smki-error.ts";
import { decodeCertificateFile, encodePem } from "./certificate-file.ts";
import { loadKeystoreCertificates } from "./real-certificates.testdata.ts";

const ders = loadKeystoreCertificates().map(({ der }) => der);
const pem = ders.map(encodePem);
const [first = Buffer.alloc(0)] = ders;
const [firstPem = ""] = pem;

describe("a certificate file", () => {
  it("is read as PEM or DER, one certificate or many, as text or octets", () => {
    const forms = [
      pem.join(""),
      Buffer.from(pem.join("")),
      Buffer.concat(ders),
      new Uint8Array(Buffer.concat(ders)),
    ];
    for (const form of forms) expect(decodeCertificateFile(form).map(({ der }) => der)).toEqual(ders);
    for (const form of [firstPem, first]) expect(decodeCertificateFile(form)).toHaveLength(1);
  });

  it("may have text about the certificates, CR LF, and any line length", () => {
    const withText = `Certificate:\r\n  Serial\r\n${firstPem.replaceAll("\n", "\r\n")}more text`;
    const oneLine = `-----BEGIN CERTIFICATE-----${first.toString("base64")}-----END CERTIFICATE-----`;
    for (const text of [withText, oneLine, Buffer.from(`0 s:CN = Z1\n${firstPem}`)])
      expect(decodeCertificateFile(text)[0]?.der).toEqual(first);
  });

  test.each([
    ["is empty", "", "certificates: 0"],
    ["is other text", "hello", "certificates: 0"],
    ["is other octets", Buffer.from([0xff, 0x00]), "certificates: 0"],
    [
      "holds a private key too",
      `${firstPem}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----`,
      "label: PRIVATE KEY",
    ],
    ["has no end line", firstPem.replace(/-----END.*/, ""), "end: missing"],
    ["has a stray character", firstPem.replace("MI", "M*I"), "base64: malformed"],
    ["has a cut label", "-----BEGIN CERT", "label: "],
    ["has DER that is cut", first.subarray(0, -1), "ends before"],
    ["has octets after the DER", Buffer.concat([first, Buffer.from([0])]), "tag is of a form"],
  ])("that %s is refused", (_what, file, message) => {
    expect(() => decodeCertificateFile(file)).toThrow(message);
  });

  it("that is too large is refused", () => {
    expect(() => decodeCertificateFile(Buffer.alloc(16 * 1024 * 1024 + 1))).toThrow("larger than is allowed");
  });

  it("that is mutated is read or refused with a code", () => {
    fc.assert(
      fc.property(fc.nat(firstPem.length - 1), fc.string({ maxLength: 3 }), (at, text) => {
        try {
          decodeCertificateFile(firstPem.slice(0, at) + text + firstPem.slice(at + 1));
        } catch (error) {
          expect(isSmkiError(error)).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
