import { generateKeyPairSync, sign, X509Certificate } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { parseCertificate } from "../syntax/index.ts";
import { arbitraryFields } from "./arbitrary-fields.testdata.ts";
import { assembleCertificate, buildTbsCertificate } from "./build.ts";
import type { CertificateProfile } from "./certificate-fields.ts";
import { encodeTbs } from "./encode-tbs.ts";
import { profileOf } from "./profile-of.ts";
import { profileRules } from "./profile-rules.ts";
import { readFields } from "./read-fields.ts";

const ec = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const signers = { "ecdsa-with-SHA256": ec, sha256WithRSAEncryption: rsa };
const profiles = Object.keys(profileRules) as CertificateProfile[];

function signed(tbs: Buffer, profile: CertificateProfile): Buffer {
  return assembleCertificate(
    tbs,
    sign("sha256", tbs, signers[profileRules[profile].signatureAlgorithm].privateKey),
  );
}

describe.each(profiles)("a certificate of the profile %s", (profile) => {
  it("reads back as the fields that it was built from, and claims its profile", () => {
    fc.assert(
      fc.property(arbitraryFields[profile], (fields) => {
        const certificate = parseCertificate(signed(buildTbsCertificate(fields), profile));
        expect(profileOf(certificate)).toBe(profile);
        expect(readFields(certificate)).toEqual(fields);
      }),
      { numRuns: 60 },
    );
  });

  it("is one that OpenSSL reads, with the serial number given, and verifies", () => {
    fc.assert(
      fc.property(arbitraryFields[profile], (fields) => {
        const oracle = new X509Certificate(signed(buildTbsCertificate(fields), profile));
        expect(oracle.serialNumber.toLowerCase().padStart(32, "0")).toBe(fields.serialNumber);
        expect(oracle.ca).toBe(profileRules[profile].position !== "end-entity");
        expect(oracle.verify(signers[profileRules[profile].signatureAlgorithm].publicKey)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });
});

test("a device's octets are the same by the template, filled or fresh, as by the table", () => {
  fc.assert(
    fc.property(arbitraryFields.device, arbitraryFields.device, (first, second) => {
      if (first.profile !== "device" || second.profile !== "device") return;
      const sameBatch = {
        ...first,
        serialNumber: second.serialNumber,
        deviceId: second.deviceId,
        publicKey: second.publicKey,
      };
      for (const fields of [first, sameBatch, second]) {
        expect(buildTbsCertificate(fields)).toEqual(encodeTbs(fields));
      }
    }),
    { numRuns: 200 },
  );
});
