import fc from "fast-check";
import { expect, test } from "vitest";
import { frame, unframe } from "./frames.ts";

test("what was framed comes back part by part, empty parts too", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), (parts) => {
      expect(unframe(frame(parts)).map((part) => [...part])).toEqual(parts.map((part) => [...part]));
    }),
  );
});

test("a value cut short is refused, wherever it was cut", () => {
  const whole = frame([Buffer.from("one"), Buffer.from("three")]);
  for (let length = 1; length < whole.length; length += 1) {
    if (length === 7) continue; // exactly the first part: well-formed in itself
    expect(() => unframe(whole.subarray(0, length))).toThrow(
      expect.objectContaining({ code: "DATABASE_ROW_DAMAGED" }),
    );
  }
});
