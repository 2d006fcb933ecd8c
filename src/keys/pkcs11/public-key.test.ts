import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { ed25519PublicKey, p256PublicKey, rsaPublicKey } from "./public-key.ts";

const spki = { format: "der", type: "spki" } as const;
const code = (value: string): unknown => expect.objectContaining({ code: value });

describe("the public key that a token shows", () => {
  it("of P-256 becomes SubjectPublicKeyInfo, whether the point is wrapped in an OCTET STRING or bare", () => {
    const expected = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export(spki);
    const point = expected.subarray(-65);
    expect(p256PublicKey(Buffer.concat([Buffer.from([4, 65]), point]))).toEqual(expected);
    expect(p256PublicKey(point)).toEqual(expected);
  });

  it("of Ed25519 likewise", () => {
    const expected = generateKeyPairSync("ed25519").publicKey.export(spki);
    const point = expected.subarray(-32);
    expect(ed25519PublicKey(Buffer.concat([Buffer.from([4, 32]), point]))).toEqual(expected);
    expect(ed25519PublicKey(point)).toEqual(expected);
  });

  it("of RSA likewise", () => {
    const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const { n = "", e = "" } = publicKey.export({ format: "jwk" });
    const octets = [Buffer.from(n, "base64url"), Buffer.from(e, "base64url")] as const;
    expect(rsaPublicKey(...octets)).toEqual(publicKey.export(spki));
  });

  it("is refused when the point is of another length, another form or not on the curve", () => {
    const unsupported = code("KEY_ALGORITHM_UNSUPPORTED");
    const point = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export(spki).subarray(-65);
    const offCurve = Buffer.from(point);
    offCurve[64] = (offCurve[64] ?? 0) ^ 1;
    expect(() => p256PublicKey(offCurve)).toThrow(unsupported);
    expect(() => p256PublicKey(point.subarray(1))).toThrow(unsupported);
    expect(() => p256PublicKey(Buffer.concat([Buffer.from([3, 65]), point]))).toThrow(unsupported);
    expect(() => ed25519PublicKey(Buffer.alloc(57))).toThrow(unsupported);
  });
});
