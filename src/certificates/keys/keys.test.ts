import { constants, generateKeyPairSync, sign } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { unsignedInteger } from "../der/integer.ts";
import { sequence } from "../der/writer.ts";
import { importPublicKey } from "./import-public-key.ts";
import { decodePublicPoint } from "./public-point.ts";
import { decodePublicKeyInfo, encodeP256PublicKey } from "./subject-public-key-info.ts";
import { verifySignature } from "./verify-signature.ts";

const p256 = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const info = p256.publicKey.export({ format: "der", type: "spki" });
const point = info.subarray(-65);
const rsaInfo = rsa.publicKey.export({ format: "der", type: "spki" });
const message = Buffer.from("a message");

describe("a P-256 public key", () => {
  it("is taken as a point and as a SubjectPublicKeyInfo, and is the same key", () => {
    expect(encodeP256PublicKey(point)).toEqual(info);
    expect(importPublicKey(point).equals(p256.publicKey)).toBe(true);
    expect(importPublicKey(info).equals(p256.publicKey)).toBe(true);
    expect(decodePublicKeyInfo(info)).toEqual({ kind: "p256", point });
  });

  it("with any bit of the point changed is refused, as a point and as a SubjectPublicKeyInfo", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 65 * 8 - 1 }), (bit) => {
        const altered = Buffer.from(point);
        altered.writeUInt8(altered.readUInt8(bit >>> 3) ^ (1 << (bit & 7)), bit >>> 3);
        expect(() => decodePublicPoint(altered)).toThrow("not an uncompressed point");
        expect(() => importPublicKey(encodeP256PublicKey(altered))).toThrow("not an uncompressed point");
      }),
    );
  });

  it("is refused when compressed, at infinity, cut short or with a coordinate of the prime or above", () => {
    const compressed = Buffer.concat([Buffer.from([2]), point.subarray(1, 33)]);
    // x = 5 is on the curve; x = 5 + p is the same number and another encoding.
    const overflow = Buffer.from(
      "04ffffffff00000001000000000000000000000001000000000000000000000004459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc",
      "hex",
    );
    for (const octets of [
      compressed,
      Buffer.from([0]),
      point.subarray(0, 64),
      overflow,
      Buffer.alloc(65),
      Buffer.alloc(0),
    ]) {
      expect(() => decodePublicPoint(octets)).toThrow("not an uncompressed point");
    }
  });

  it("of another curve or algorithm is refused", () => {
    const others = [
      generateKeyPairSync("ec", { namedCurve: "secp384r1" }),
      generateKeyPairSync("ec", { namedCurve: "secp256k1" }),
      generateKeyPairSync("ed25519"),
    ];
    for (const { publicKey } of others) {
      expect(() => importPublicKey(publicKey.export({ format: "der", type: "spki" }))).toThrow(
        "algorithm or curve",
      );
    }
  });
});

describe("an RSA public key", () => {
  it.each([1024, 2048, 2050, 3072])("of %d bits is read as such", (modulusLength) => {
    const { publicKey } = generateKeyPairSync("rsa", { modulusLength });
    const der = publicKey.export({ format: "der", type: "spki" });
    expect(decodePublicKeyInfo(der)).toEqual({ kind: "rsa", modulusBits: modulusLength, exponent: 65537 });
    expect(importPublicKey(der).equals(publicKey)).toBe(true);
  });

  it("with an even exponent is refused", () => {
    const altered = Buffer.from(rsaInfo);
    altered.writeUInt8(0, altered.length - 1);
    expect(() => importPublicKey(altered)).toThrow("no sound modulus or exponent");
  });
});

describe("a signature", () => {
  test.each([
    ["ecdsa-with-SHA256", p256],
    ["sha256WithRSAEncryption", rsa],
  ] as const)(
    "%s holds over the message that was signed, and over no other",
    (algorithm, { privateKey, publicKey }) => {
      const signature = sign("sha256", message, privateKey);
      expect(verifySignature(algorithm, publicKey, message, signature)).toBe(true);
      expect(verifySignature(algorithm, publicKey, Buffer.from("another"), signature)).toBe(false);
    },
  );

  it("is refused under a key of the other kind", () => {
    const signature = sign("sha256", message, p256.privateKey);
    expect(() => verifySignature("ecdsa-with-SHA256", rsa.publicKey, message, signature)).toThrow(
      "does not fit",
    );
    expect(() => verifySignature("sha256WithRSAEncryption", p256.publicKey, message, signature)).toThrow(
      "does not fit",
    );
  });

  it("by RSA-PSS does not hold as PKCS #1 v1.5", () => {
    const padding = { key: rsa.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING };
    const signature = sign("sha256", message, padding);
    expect(verifySignature("sha256WithRSAEncryption", rsa.publicKey, message, signature)).toBe(false);
  });

  const order = Buffer.from("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", "hex");
  const one = unsignedInteger(Buffer.from([1]));
  const good = sign("sha256", message, p256.privateKey);
  const raw = sign("sha256", message, { key: p256.privateKey, dsaEncoding: "ieee-p1363" });

  test.each([
    ["raw r and s", raw],
    ["bytes after the end", Buffer.concat([good, Buffer.from([0])])],
    ["r of zero", sequence(unsignedInteger(Buffer.from([0])), one)],
    ["r of the curve's order", sequence(unsignedInteger(order), one)],
    ["s of more than 32 octets", sequence(one, unsignedInteger(Buffer.alloc(33, 1)))],
    ["a negative s", sequence(one, Buffer.from("0201ff", "hex"))],
    ["a superfluous zero octet in s", sequence(one, Buffer.from("02020001", "hex"))],
    ["a third integer", sequence(one, one, one)],
    ["one integer", sequence(one)],
    ["nothing", Buffer.alloc(0)],
  ])("by ECDSA with %s is refused before any arithmetic", (_what, signature) => {
    expect(() => verifySignature("ecdsa-with-SHA256", p256.publicKey, message, signature)).toThrow(
      "not a DER ECDSA-Sig-Value",
    );
  });

  it("with r and s at the ends of their range is judged, not refused", () => {
    const highest = Buffer.from(order);
    highest.writeUInt8(0x50, 31);
    const signature = sequence(unsignedInteger(highest), one);
    expect(verifySignature("ecdsa-with-SHA256", p256.publicKey, message, signature)).toBe(false);
  });
});
