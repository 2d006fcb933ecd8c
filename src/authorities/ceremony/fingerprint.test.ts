import { expect, test } from "vitest";
import { fingerprint } from "./fingerprint.ts";

test("a fingerprint is a SHA-256 in groups that people read to each other", () => {
  // FIPS 180-2, example B.1: the digest of "abc".
  expect(fingerprint(Buffer.from("abc"))).toBe(
    "ba7816bf 8f01cfea 414140de 5dae2223 b00361a3 96177a9c b410ff61 f20015ad",
  );
});
