import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { StoreIdentity } from "./settings.ts";
import { identityOf, identityText, parseIdentity, requireIdentity } from "./store-identity.ts";

const code = (value: string): unknown => expect.objectContaining({ code: value });
const store: StoreIdentity = { environment: "test", purpose: "ceremony" };
const ofA = { ...store, estate: "estate-a" };
const ofB = { ...store, estate: "estate-b" };

describe("the identity of a key store", () => {
  it("is the same estate's, or the settings name none", () => {
    for (const [found, wanted] of [
      [ofA, ofA],
      [ofA, store],
      [store, store],
    ] as const)
      expect(() => {
        requireIdentity(found, wanted, "a store");
      }).not.toThrow();
  });

  it("of another estate is refused, with both names", () => {
    expect(() => {
      requireIdentity(ofA, ofB, "a store");
    }).toThrow(
      expect.objectContaining({
        code: "KEY_STORE_OF_ANOTHER_ESTATE",
        details: { store: "a store", found: "estate-a", wanted: "estate-b" },
      }),
    );
  });

  it("of no estate is refused by every estate", () => {
    expect(() => {
      requireIdentity(store, ofA, "a store");
    }).toThrow(
      expect.objectContaining({
        code: "KEY_STORE_OF_NO_ESTATE",
        details: { store: "a store", wanted: "estate-a" },
      }),
    );
  });

  it("of another environment or purpose is refused, whatever the estate", () => {
    for (const wanted of [
      { ...ofA, environment: "live" },
      { ...ofA, purpose: "operational" },
    ] as const)
      expect(() => {
        requireIdentity(ofA, wanted, "a store");
      }).toThrow(code("KEY_ENVIRONMENT_MISMATCH"));
  });

  it("is read back from the text that a token's mark holds", () => {
    const label = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9 ._/-]{0,63}$/u);
    const identity = fc.record(
      {
        environment: fc.constantFrom("test" as const, "live" as const),
        purpose: fc.constantFrom("operational" as const, "ceremony" as const),
        estate: label,
      },
      { requiredKeys: ["environment", "purpose"], noNullPrototype: true },
    );
    fc.assert(
      fc.property(identity, (made) => {
        expect(parseIdentity(identityText(identityOf(made)))).toEqual(made);
      }),
    );
  });

  it.each(["", "test", "test/root", "prod/ceremony", "test/ceremony/", "test/ceremony/a\nb"])(
    "is not read from %j",
    (text) => {
      expect(parseIdentity(text)).toBeUndefined();
    },
  );

  it.each(["", " a", "a\nb", "é", "x".repeat(65)])("has no estate named %j", (estate) => {
    expect(() => identityOf({ ...store, estate })).toThrow(code("KEY_ESTATE_INVALID"));
  });

  it("takes nothing else of the settings into the store", () => {
    const settings = { ...ofA, kind: "encrypted-file", passphraseFile: "/run/passphrase" };
    expect(identityOf(settings)).toEqual(ofA);
  });
});
