import fc from "fast-check";
import { expect, test } from "vitest";
import { UploadDigest, type UploadedRequest } from "./upload-digest.ts";

const digestOf = (requests: readonly UploadedRequest[]) => {
  const digest = new UploadDigest();
  for (const request of requests) digest.add(request);
  return digest.finish();
};

const requests = fc.array(
  fc.record({
    clientId: fc.string({ unit: fc.constantFrom("a", "b", "\0", "é") }),
    request: fc.uint8Array({ maxLength: 4 }),
  }),
  { maxLength: 4 },
);

test("two batches have one digest only when they are the same: IDs, octets and order", () => {
  fc.assert(
    fc.property(requests, requests, (one, other) => {
      const text = (all: readonly UploadedRequest[]) =>
        JSON.stringify(all.map(({ clientId, request }) => [clientId, [...request]]));
      expect(digestOf(one) === digestOf(other)).toBe(text(one) === text(other));
    }),
    { numRuns: 1_000 },
  );
});

test("an octet that wanders over a boundary is seen", () => {
  const whole = { clientId: "ab", request: Buffer.from("cd") };
  expect(digestOf([{ clientId: "a", request: Buffer.from("bcd") }])).not.toBe(digestOf([whole]));
  expect(digestOf([{ clientId: "abc", request: Buffer.from("d") }])).not.toBe(digestOf([whole]));
});
