import { describe, expect, it } from "vitest";
import { importPublicKey, verifySignature } from "../keys/index.ts";
import type { VectorFamily } from "./exclusions.testdata.ts";
import { hasVectors, needsVectors, tallyOf, type VectorCase } from "./vectors.testdata.ts";
import { octets, type WycheproofTest, wycheproofCases } from "./wycheproof.testdata.ts";

interface SignatureTest extends WycheproofTest {
  readonly msg: string;
  readonly sig: string;
}

const signatures = (): VectorCase[] =>
  wycheproofCases<{ publicKeyDer: string }, SignatureTest>(
    "ecdsa_secp256r1_sha256_test.json",
    ({ publicKeyDer, msg, sig }) =>
      verifySignature("ecdsa-with-SHA256", importPublicKey(octets(publicKeyDer)), octets(msg), octets(sig)),
  );

/**
 * No code of the project agrees on a secret: keys for key agreement are certified, and the Devices use them. What is ours
 * is to let no unsound key into a certificate, so that is what these vectors are held against.
 */
const agreementKeys = (): VectorCase[] =>
  wycheproofCases<object, WycheproofTest & { readonly public: string }>(
    "ecdh_secp256r1_test.json",
    (test) => importPublicKey(octets(test.public)).asymmetricKeyType === "ec",
  );

const families: readonly (readonly [VectorFamily, () => VectorCase[]])[] = [
  ["Wycheproof ECDSA P-256 SHA-256, DER", signatures],
  ["Wycheproof ECDH P-256, public keys", agreementKeys],
];

describe.skipIf(!hasVectors).each(families)(`%s ${needsVectors}`, (family, read) => {
  const cases = hasVectors ? read() : [];
  const tally = tallyOf(family, cases);

  it(tally.summary, () => {
    console.info(tally.summary);
    expect(tally.failing).toEqual([]);
    expect(tally.run + tally.excluded.length).toBe(cases.length);
  });

  it("excludes nothing that need not be", () => {
    expect(tally.unnecessary).toEqual([]);
  });
});
