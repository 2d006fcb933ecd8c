import { describe, expect, it } from "vitest";
import { importPublicKey, verifySignature } from "../keys/index.ts";
import type { VectorFamily } from "./exclusions.testdata.ts";
import { announce, hasVectors, needsVectors, tallyOf, type VectorCase } from "./vectors.testdata.ts";
import { wycheproofCases } from "./wycheproof.testdata.ts";

const signatures = (): VectorCase[] =>
  wycheproofCases("ecdsa_secp256r1_sha256_test.json", (octets) =>
    verifySignature(
      "ecdsa-with-SHA256",
      importPublicKey(octets("publicKeyDer")),
      octets("msg"),
      octets("sig"),
    ),
  );

/**
 * No code of the project agrees on a secret: keys for key agreement are certified, and the Devices use them. What is ours
 * is to let no unsound key into a certificate, so that is what these vectors are held against.
 */
const agreementKeys = (): VectorCase[] =>
  wycheproofCases(
    "ecdh_secp256r1_test.json",
    (octets) => importPublicKey(octets("public")).asymmetricKeyType === "ec",
  );

const families: readonly (readonly [VectorFamily, () => VectorCase[]])[] = [
  ["Wycheproof ECDSA P-256 SHA-256, DER", signatures],
  ["Wycheproof ECDH P-256, public keys", agreementKeys],
];

describe.skipIf(!hasVectors).each(families)(`%s ${needsVectors}`, (family, read) => {
  const cases = hasVectors ? read() : [];
  const tally = tallyOf(family, cases);

  it(tally.summary, () => {
    announce(tally);
    expect(tally.failing).toEqual([]);
    expect(tally.run + tally.excluded.length).toBe(cases.length);
  });

  it("excludes nothing that need not be", () => {
    expect(tally.unnecessary).toEqual([]);
  });
});
