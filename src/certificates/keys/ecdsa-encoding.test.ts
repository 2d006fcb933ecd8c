import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sequence, unsignedInteger } from "../der/index.ts";
import { checkEcdsaEncoding } from "./verify-signature.ts";

/** Order of P-256's base point (SP 800-186 3.2.1.3). */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

const octetsOf = (value: bigint): Buffer => {
  const digits = value.toString(16);
  return Buffer.from(digits.padStart(digits.length + (digits.length % 2), "0"), "hex");
};
const encode = (r: bigint, s: bigint): Buffer =>
  sequence(unsignedInteger(octetsOf(r)), unsignedInteger(octetsOf(s)));

function isAccepted(signature: Uint8Array): boolean {
  try {
    checkEcdsaEncoding(signature);
    return true;
  } catch {
    return false;
  }
}

/** Reads r and s without judging anything, where the lengths at least add up. */
function scalarsOf(signature: Uint8Array): [bigint, bigint] {
  const octets = Buffer.from(signature);
  const middle = 4 + octets.readUInt8(3);
  return [octets.subarray(4, middle), octets.subarray(middle + 2)].map((part) =>
    BigInt(`0x${part.toString("hex")}`),
  ) as [bigint, bigint];
}

const scalar = fc.oneof(
  fc.bigInt({ min: 1n, max: order - 1n }),
  fc.bigInt({ min: 1n, max: 0x1_0000n }),
  fc.bigInt({ min: order - 3n, max: order + 3n }),
  fc.bigInt({ min: 0n, max: 2n ** 264n }),
);

describe("an ECDSA-Sig-Value", () => {
  it("is accepted exactly when both integers are from 1 to below the order", () => {
    fc.assert(
      fc.property(scalar, scalar, (r, s) => {
        expect(isAccepted(encode(r, s))).toBe(r > 0n && r < order && s > 0n && s < order);
      }),
      { numRuns: 2000 },
    );
  });

  it("that is accepted has no other encoding, whatever octet was altered, added or cut off", () => {
    const valid = fc.bigInt({ min: 1n, max: order - 1n });
    const alteration = fc.record({
      at: fc.nat(80),
      octet: fc.integer({ min: 0, max: 255 }),
      how: fc.constantFrom("replace", "insert", "cut"),
    });
    fc.assert(
      fc.property(valid, valid, alteration, (r, s, { at, octet, how }) => {
        const octets = [...encode(r, s)];
        const place = at % octets.length;
        if (how === "cut") octets.length = place;
        else octets.splice(place, how === "replace" ? 1 : 0, octet);
        const signature = Buffer.from(octets);
        if (isAccepted(signature)) expect(encode(...scalarsOf(signature))).toEqual(signature);
      }),
      { numRuns: 5000 },
    );
  });
});
