import { describe, expect, it } from "vitest";
import { isSmkiError } from "../errors/smki-error.ts";
import { decodeAuthorityKeyIdentifier, decodeSubjectKeyIdentifier } from "./extensions/index.ts";
import { importPublicKey } from "./keys/index.ts";
import { buildTbsCertificate, extensionValue, profileOf, readFields } from "./profiles/index.ts";
import {
  deviants,
  hasRealData,
  loadAuthorityKey,
  loadKeystoreCertificates,
  loadPublishedCertificates,
  loadRealCertificates,
  type RealCertificate,
} from "./real-certificates.testdata.ts";
import { verifyCertificate } from "./verify-certificate.ts";
import { Oids, subjectKeyIdentifier } from "./vocabulary/index.ts";

const keystore = loadKeystoreCertificates();
const published = loadPublishedCertificates();
const needsFolder = "[needs the folder ../shared/data/real]";

function expectConforming(certificates: readonly RealCertificate[], count: number): void {
  const conforming = certificates.filter(({ name }) => !(name in deviants));
  expect(conforming).toHaveLength(count);
  for (const { name, certificate } of conforming) {
    expect(buildTbsCertificate(readFields(certificate)).equals(certificate.tbs), name).toBe(true);
  }
}

describe("rebuilding the to-be-signed part from the fields gives the same octets", () => {
  it("for 25 of the 33 certificates of the DCC's npm package", () => {
    expect(keystore).toHaveLength(33);
    expectConforming(keystore, 25);
  });

  it.skipIf(!hasRealData)(`for 101 of the 107 published certificates ${needsFolder}`, () => {
    expect(published).toHaveLength(107);
    expectConforming(published, 101);
  });

  const present = [...keystore, ...published].filter(({ name }) => name in deviants);
  it.each(present)(
    "not for $name, which readFields refuses, and whose profile is still recognised",
    (deviant) => {
      expect(profileOf(deviant.certificate)).toBeDefined();
      let refusal: unknown;
      try {
        readFields(deviant.certificate);
      } catch (error) {
        refusal = error;
      }
      expect(isSmkiError(refusal, "CERTIFICATE_NOT_IN_PROFILE")).toBe(true);
      const part = isSmkiError(refusal) ? refusal.details["part"] : undefined;
      expect(part).toBe(partOf(deviants[deviant.name] ?? ""));
    },
  );

  it.skipIf(!hasRealData)(`and every name listed as a deviant is there ${needsFolder}`, () => {
    const names = new Set([...keystore, ...published].map(({ name }) => name));
    expect(Object.keys(deviants).filter((name) => !names.has(name))).toEqual([]);
  });
});

/** The part that readFields names for each reason of the list. */
function partOf(reason: string): string | undefined {
  if (reason.startsWith("no authorityKeyIdentifier")) return "authorityKeyIdentifier";
  if (reason.startsWith("NULL parameters")) return "signature";
  if (reason.startsWith("an empty basicConstraints")) return "basicConstraints";
  if (reason.startsWith("certificatePolicies is not critical")) return "certificatePolicies";
  return undefined;
}

describe("what the published certificates say", () => {
  it("every subject key identifier is that of method (2) of RFC 5280 4.2.1.2", () => {
    for (const { name, certificate } of loadRealCertificates()) {
      const value = extensionValue(certificate, Oids.subjectKeyIdentifier);
      if (value === undefined) throw new Error(`${name} has no subject key identifier`);
      const stated = decodeSubjectKeyIdentifier(value).toString("hex");
      expect(stated, name).toBe(subjectKeyIdentifier(certificate.subjectPublicKeyInfo.publicKey));
    }
  });

  it("every serial number has 16 octets and is positive", () => {
    for (const { certificate } of loadRealCertificates()) {
      expect(certificate.serialNumber).toHaveLength(16);
      expect(certificate.serialNumber.readInt8(0)).toBeGreaterThan(0);
    }
  });
});

describe.skipIf(!hasRealData)(`signatures under the issuers' keys ${needsFolder}`, () => {
  const alteredSignature = "published:CS02gLoadControllerBySupplier_6.15.1_IMMEDIATE_ERROR_COMMAND--Z1-ca";
  const issuingOca = "published:CS02bSupplierBySupplierHandover_6.21_SUCCESS_COMMAND--Z1-ca";

  function authorities(): Map<string, ReturnType<typeof importPublicKey>> {
    const z1 = published.find(({ name }) => name === issuingOca);
    if (z1 === undefined) throw new Error("the Issuing OCA's certificate is not there");
    return new Map([
      ["4f5688d7ec933be2", importPublicKey(z1.certificate.subjectPublicKeyInfo.publicKey)],
      ["47d40af3412904a0", importPublicKey(loadAuthorityKey("E357-deviceCA-ski47d40af3412904a0.pub.pem"))],
      ["48cf1b32697c4669", importPublicKey(loadAuthorityKey("ZA-rootOCA-ski48cf1b32697c4669.pub.pem"))],
    ]);
  }

  const issuerOf = (real: RealCertificate) => {
    const value = extensionValue(real.certificate, Oids.authorityKeyIdentifier);
    return value && decodeAuthorityKeyIdentifier(value).keyIdentifier?.toString("hex");
  };

  it("hold for every certificate that names one of them, but for the one with an altered signature", () => {
    const keys = authorities();
    const judged = [...keystore, ...published].flatMap((real) => {
      const key = keys.get(issuerOf(real) ?? "");
      return key === undefined ? [] : [{ name: real.name, good: verifyCertificate(real.certificate, key) }];
    });
    expect(judged).toHaveLength(126);
    expect(judged.filter(({ good }) => !good).map(({ name }) => name)).toEqual([alteredSignature]);
  });

  it("fail for those of 2018 that name Z1 without its key identifier: the issuer's name alone says nothing", () => {
    const z1 = authorities().get("4f5688d7ec933be2");
    if (z1 === undefined) throw new Error("no key");
    const unsaid = [...keystore, ...published].filter((real) => issuerOf(real) === undefined);
    expect(unsaid).toHaveLength(7);
    for (const { name, certificate } of unsaid) expect(verifyCertificate(certificate, z1), name).toBe(false);
  });

  it("are refused, not judged, when an integer has a superfluous zero octet", () => {
    const key = authorities().get("47d40af3412904a0");
    const device = published.find(({ name }) => name.startsWith("published:00db"));
    if (key === undefined || device === undefined) throw new Error("no device certificate");
    const { certificate } = device;
    const signature = withSuperfluousZero(certificate.signatureValue);
    expect(() => verifyCertificate({ ...certificate, signatureValue: signature }, key)).toThrow(
      "not a DER ECDSA-Sig-Value",
    );
  });
});

/** The same r and s, with a leading zero octet more in r. */
function withSuperfluousZero(signature: Buffer): Buffer {
  const altered = Buffer.concat([signature.subarray(0, 4), Buffer.from([0]), signature.subarray(4)]);
  altered.writeUInt8(altered.readUInt8(1) + 1, 1);
  altered.writeUInt8(altered.readUInt8(3) + 1, 3);
  return altered;
}
