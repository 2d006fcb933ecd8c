import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  keyWrapAlgorithmFor,
  keyWrapAlgorithms,
  unwrapContingencyPublicKey,
  unwrapPadded,
  wrapContingencyPublicKey,
  wrapPadded,
} from "./contingency-wrap.ts";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

function spki(curve = "P-256"): Buffer {
  return generateKeyPairSync("ec", { namedCurve: curve }).publicKey.export({ format: "der", type: "spki" });
}

describe("AES key wrap with padding gives the values of RFC 5649 section 6", () => {
  const key = hex("5840df6e29b02af1 ab493b705bf16ea1 ae8338f4dcc176a8");
  it.each([
    [
      "20 octets",
      "c37b7e6492584340 bed1220780894115 5068f738",
      "138bdeaa9b8fa7fc 61f97742e72248ee 5ae6ae5360d1ae6a 5f54f373fa543b6a",
    ],
    ["7 octets", "466f7250617369", "afbeb0f07dfbf541 9200f2ccb50bb24f"],
  ])("%s", (_, content, wrapped) => {
    expect(wrapPadded(key, hex(content), "aes192-wrap-pad").toString("hex")).toBe(
      hex(wrapped).toString("hex"),
    );
    expect(unwrapPadded(key, hex(wrapped), "aes192-wrap-pad").toString("hex")).toBe(
      hex(content).toString("hex"),
    );
  });
});

describe("the wrapped Contingency public key", () => {
  it.each([16, 32])("opens with the symmetric key of %i octets that wrapped it", (octets) => {
    const key = Buffer.alloc(octets, 7);
    const publicKey = spki();
    const wrapped = wrapContingencyPublicKey(key, publicKey);
    expect(wrapped.includes(publicKey.subarray(-32))).toBe(false);
    expect(unwrapContingencyPublicKey(key, wrapped)).toEqual(publicKey);
  });

  it("names its algorithm by the key length", () => {
    expect(keyWrapAlgorithms[keyWrapAlgorithmFor(16)].oid).toBe("2.16.840.1.101.3.4.1.8");
    expect(keyWrapAlgorithms[keyWrapAlgorithmFor(32)].oid).toBe("2.16.840.1.101.3.4.1.48");
    expect(() => keyWrapAlgorithmFor(20)).toThrow(expect.objectContaining({ code: "KEY_WRAP_KEY_INVALID" }));
  });

  it("does not open with another symmetric key", () => {
    const wrapped = wrapContingencyPublicKey(Buffer.alloc(32, 1), spki());
    expect(() => unwrapContingencyPublicKey(Buffer.alloc(32, 2), wrapped)).toThrow(
      expect.objectContaining({ code: "KEY_UNWRAP_FAILED" }),
    );
  });

  it("does not open when any octet was altered, cut or added", () => {
    const key = Buffer.alloc(32, 1);
    const wrapped = wrapContingencyPublicKey(key, spki());
    const flipped = fc
      .tuple(fc.nat({ max: wrapped.length - 1 }), fc.integer({ min: 1, max: 255 }))
      .map(([at, flip]) => Buffer.from(wrapped.map((octet, index) => (index === at ? octet ^ flip : octet))));
    const cut = fc.nat({ max: wrapped.length - 1 }).map((length) => wrapped.subarray(0, length));
    const longer = fc
      .uint8Array({ minLength: 1, maxLength: 40 })
      .map((more) => Buffer.concat([wrapped, more]));
    const altered = fc.oneof(flipped, cut, longer);
    fc.assert(
      fc.property(altered, (octets) => {
        expect(() => unwrapContingencyPublicKey(key, octets)).toThrow(
          expect.objectContaining({ code: "KEY_UNWRAP_FAILED" }),
        );
      }),
      { numRuns: 300 },
    );
  });

  it("is refused for a key of another length, another curve, or DER with a trailing octet", () => {
    const wrap = (octets: number, content: Buffer) => () =>
      wrapContingencyPublicKey(Buffer.alloc(octets), content);
    expect(wrap(20, spki())).toThrow(expect.objectContaining({ code: "KEY_WRAP_KEY_INVALID" }));
    expect(() => wrapContingencyPublicKey(Buffer.alloc(16), spki(), "aes256-wrap-pad")).toThrow(
      expect.objectContaining({ code: "KEY_WRAP_KEY_INVALID" }),
    );
    for (const content of [spki("P-384"), Buffer.concat([spki(), Buffer.alloc(1)]), Buffer.from("no key")])
      expect(wrap(16, content)).toThrow(expect.objectContaining({ code: "KEY_WRAP_CONTENT_INVALID" }));
  });
});
