import { createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CKM } from "./cryptoki.ts";
import { ecdsaSignatureDer, signingScheme } from "./signature.ts";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

/** Reads an INTEGER as a number, from the rule. */
function readSignature(der: Buffer): [bigint, bigint] {
  const rLength = der[3] ?? 0;
  const value = (octets: Buffer): bigint => BigInt(`0x${octets.toString("hex")}`);
  return [value(der.subarray(4, 4 + rLength)), value(der.subarray(6 + rLength))];
}

describe("a raw ECDSA signature as DER", () => {
  it.each([
    ["small numbers", `${"00".repeat(31)}01 ${"00".repeat(31)}7f`, "3006 020101 02017f"],
    [
      "a number whose first bit is set",
      `${"00".repeat(31)}80 ${"00".repeat(30)}00ff`,
      "3008 02020080 020200ff",
    ],
    ["zero", "00".repeat(64), "3006 020100 020100"],
    [
      "full length",
      `ff${"00".repeat(31)} 7f${"00".repeat(31)}`,
      `3045 022100ff${"00".repeat(31)} 02207f${"00".repeat(31)}`,
    ],
  ])("has each integer minimal: %s", (_, raw, der) => {
    expect(ecdsaSignatureDer(hex(raw)).toString("hex")).toBe(der.replaceAll(" ", ""));
  });

  it("keeps both numbers, in the fewest octets, for any of them", () => {
    const number = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n });
    const short = fc.bigInt({ min: 0n, max: 2n ** 17n });
    fc.assert(
      fc.property(fc.oneof(number, short), fc.oneof(number, short), (r, s) => {
        const raw = hex([r, s].map((part) => part.toString(16).padStart(64, "0")).join(""));
        const der = ecdsaSignatureDer(raw);
        const octetsOf = (part: bigint): number => Math.floor(part.toString(2).length / 8) + 1;
        expect(der).toHaveLength(6 + octetsOf(r) + octetsOf(s));
        expect(readSignature(der)).toEqual([r, s]);
      }),
    );
  });

  it("verifies as the raw one does", () => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    for (let count = 0; count < 300; count += 1) {
      const message = Buffer.from([count % 256, count >> 8]);
      const raw = sign("sha256", message, { key: privateKey, dsaEncoding: "ieee-p1363" });
      expect(verify("sha256", message, publicKey, ecdsaSignatureDer(raw))).toBe(true);
    }
  });
});

describe("a message for a token", () => {
  it("is hashed before, with the DigestInfo of RFC 8017 for RSA", () => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const scheme = signingScheme("rsa-2048-sha256", "k");
    const message = Buffer.from("to be signed");
    // What a verifier opens is what the token was given (RFC 8017 section 9.2).
    const signature = sign("sha256", message, privateKey);
    const { n = "", e = "" } = createPublicKey(publicKey.export({ format: "pem", type: "spki" })).export({
      format: "jwk",
    });
    const number = (text: Buffer): bigint => BigInt(`0x${text.toString("hex")}`);
    const [modulus, exponent] = [
      number(Buffer.from(n, "base64url")),
      Number(number(Buffer.from(e, "base64url"))),
    ];
    let opened = 1n;
    for (let bit = 16; bit >= 0; bit -= 1) {
      opened = (opened * opened) % modulus;
      if ((exponent >> bit) & 1) opened = (opened * number(signature)) % modulus;
    }
    expect(opened.toString(16).endsWith(scheme.input(message).toString("hex"))).toBe(true);
    expect(scheme.mechanism).toBe(CKM.RSA_PKCS);
  });

  it("is given whole to Ed25519, and never to a key for key agreement", () => {
    const message = new Uint8Array([1, 2, 3]);
    expect(signingScheme("ed25519", "k").input(message)).toEqual(Buffer.from(message));
    expect(() => signingScheme("ecdh-p256", "k")).toThrow(
      expect.objectContaining({ code: "KEY_NOT_FOR_SIGNING" }),
    );
  });
});
