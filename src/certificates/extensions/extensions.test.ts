import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { isSmkiError } from "../../errors/smki-error.ts";
import { oid } from "../der/index.ts";
import { eui64, keyIdentifier, keyUsageBits } from "../vocabulary/index.ts";
import { decodeBasicConstraints, encodeCaConstraints } from "./basic-constraints.ts";
import { decodeCertificatePolicies, encodeCertificatePolicy } from "./certificate-policies.ts";
import { decodeSubjectAltName, encodeDeviceAltName } from "./hardware-module-name.ts";
import {
  decodeAuthorityKeyIdentifier,
  decodeSubjectKeyIdentifier,
  encodeAuthorityKeyIdentifier,
  encodeSubjectKeyIdentifier,
} from "./key-identifiers.ts";
import { decodeKeyUsage, encodeKeyUsage } from "./key-usage.ts";
import {
  decodeWrappedApexContingencyKey,
  encodeWrappedApexContingencyKey,
} from "./wrapped-apex-contingency-key.ts";

const from = (hexadecimal: string) => Buffer.from(hexadecimal, "hex");

test("key usage is as the published certificates have it, and every set of bits reads back", () => {
  expect(encodeKeyUsage(["digitalSignature"])).toEqual(from("03020780"));
  expect(encodeKeyUsage(["keyAgreement"])).toEqual(from("03020308"));
  expect(encodeKeyUsage(["keyCertSign", "cRLSign"])).toEqual(from("03020106"));
  fc.assert(
    fc.property(fc.subarray([...keyUsageBits]), (usages) => {
      expect(decodeKeyUsage(encodeKeyUsage(usages))).toEqual(usages);
    }),
  );
});

describe("basic constraints", () => {
  it("of an issuing CA are as the Issuing OCA has them, of a root without a path length", () => {
    expect(encodeCaConstraints(0)).toEqual(from("30060101ff020100"));
    expect(encodeCaConstraints()).toEqual(from("30030101ff"));
    expect(decodeBasicConstraints(from("30060101ff020100"))).toEqual({ ca: true, pathLength: 0 });
    expect(decodeBasicConstraints(from("30030101ff"))).toEqual({ ca: true });
  });

  it("that are empty say that it is no CA; FALSE is never written out", () => {
    expect(decodeBasicConstraints(from("3000"))).toEqual({ ca: false });
    expect(() => decodeBasicConstraints(from("3003010100"))).toThrow("equals its default");
    expect(() => decodeBasicConstraints(from("30060101ff0201ff"))).toThrow("outside the range");
  });
});

test("one policy is as the published certificates have it, and qualifiers are seen", () => {
  const policy = oid("1.2.826.0.1.8641679.1.2.1.4");
  expect(encodeCertificatePolicy(policy)).toEqual(from("3011300f060d2a863a0001848fb90f01020104"));
  expect(decodeCertificatePolicies(encodeCertificatePolicy(policy))).toEqual([
    { policy, hasQualifiers: false },
  ]);
  expect(decodeCertificatePolicies(from("300b300906032a03043002 0500".replace(" ", "")))).toEqual([
    { policy: "1.2.3.4", hasQualifiers: true },
  ]);
});

test("key identifiers are as the published certificates have them", () => {
  const identifier = keyIdentifier("4f5688d7ec933be2");
  expect(encodeSubjectKeyIdentifier(identifier)).toEqual(from("04084f5688d7ec933be2"));
  expect(decodeSubjectKeyIdentifier(from("04084f5688d7ec933be2")).toString("hex")).toBe(identifier);
  expect(encodeAuthorityKeyIdentifier(identifier)).toEqual(from("300a80084f5688d7ec933be2"));
  expect(decodeAuthorityKeyIdentifier(from("300a80084f5688d7ec933be2"))).toEqual({
    keyIdentifier: from("4f5688d7ec933be2"),
    hasIssuerAndSerial: false,
  });
  expect(decodeAuthorityKeyIdentifier(from("3000"))).toEqual({
    keyIdentifier: undefined,
    hasIssuerAndSerial: false,
  });
  expect(decodeAuthorityKeyIdentifier(from("3007a1028200820101")).hasIssuerAndSerial).toBe(true);
});

describe("the alternative name of a device", () => {
  const hardwareType = oid("1.2.826.0.1.8641679.1.2.2.1");
  const encoded = "3029a02706082b06010505070804a01b3019060d2a863a0001848fb90f01020201040800db1234567890a4";

  it("is as the published certificates have it", () => {
    expect(encodeDeviceAltName(hardwareType, eui64("00db1234567890a4"))).toEqual(from(encoded));
    expect(decodeSubjectAltName(from(encoded))).toEqual([
      { tag: 0xa0, hardwareModuleName: { hardwareType, hardwareSerialNumber: from("00db1234567890a4") } },
    ]);
  });

  it("is told from other kinds of name", () => {
    const others = decodeSubjectAltName(from("300e820161a00906032a0304a0020500"));
    expect(others).toEqual([
      { tag: 0x82, hardwareModuleName: undefined },
      { tag: 0xa0, hardwareModuleName: undefined },
    ]);
  });
});

test("the wrapped contingency key reads back", () => {
  const algorithm = oid("2.16.840.1.101.3.4.1.5");
  const value = encodeWrappedApexContingencyKey(algorithm, from("0011223344"));
  const read = decodeWrappedApexContingencyKey(value);
  expect(read.wrapAlgorithm.algorithm).toBe(algorithm);
  expect(read.wrapAlgorithm.parameters).toBeUndefined();
  expect(read.wrappedKey).toEqual(from("0011223344"));
});

test("random octets are refused with a code by every decoder, or read", () => {
  const decoders = [
    decodeKeyUsage,
    decodeBasicConstraints,
    decodeCertificatePolicies,
    decodeSubjectKeyIdentifier,
    decodeAuthorityKeyIdentifier,
    decodeSubjectAltName,
    decodeWrappedApexContingencyKey,
  ];
  fc.assert(
    fc.property(fc.constantFrom(...decoders), fc.uint8Array({ maxLength: 40 }), (decode, octets) => {
      try {
        decode(octets);
      } catch (error) {
        expect(isSmkiError(error)).toBe(true);
      }
    }),
    { numRuns: 2000 },
  );
});
