import fc from "fast-check";
import { expect, test } from "vitest";
import { bundleHasHashes, splitBundle } from "./entry-bundle.ts";
import { leafHash } from "./tree/hash.ts";

const entries = fc.array(
  fc.uint8Array({ maxLength: 600 }).map((octets) => Buffer.from(octets)),
  { maxLength: 20 },
);

/** As C2SP tlog-tiles writes it. */
const bundleOf = (of: readonly Buffer[]): Buffer =>
  Buffer.concat(
    of.flatMap((entry) => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(entry.length);
      return [length, entry];
    }),
  );

test("a bundle is taken apart into the entries that it was made of", () => {
  fc.assert(
    fc.property(entries, (of) => {
      expect(splitBundle(bundleOf(of), of.length)).toEqual(of);
      expect(bundleHasHashes(bundleOf(of), Buffer.concat(of.map(leafHash)))).toBe(true);
    }),
  );
});

test("with more or fewer entries, cut short, or with anything after the last, it is none", () => {
  fc.assert(
    fc.property(entries, fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 9 }), (of, place, more) => {
      const bundle = bundleOf(of);
      expect(splitBundle(bundle, of.length + 1)).toBeUndefined();
      if (of.length > 0) {
        expect(splitBundle(bundle, of.length - 1)).toBeUndefined();
        expect(splitBundle(bundle.subarray(0, place % bundle.length), of.length)).toBeUndefined();
      }
      expect(splitBundle(Buffer.concat([bundle, more]), of.length)).toBeUndefined();
    }),
  );
});

test("whatever the octets are, nothing is read beyond them", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat({ max: 256 }), (octets, count) => {
      const split = splitBundle(Buffer.from(octets), count);
      expect(split === undefined || bundleOf(split).equals(Buffer.from(octets))).toBe(true);
    }),
  );
});
