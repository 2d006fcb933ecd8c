import { createSecretKey } from "node:crypto";
import { describe, expect, it } from "vitest";
import { importPublicKey, verifySignature } from "../certificates/index.ts";
import type { VectorFamily } from "../certificates/vectors/exclusions.testdata.ts";
import {
  announce,
  hasVectors,
  needsVectors,
  tallyOf,
  type VectorCase,
} from "../certificates/vectors/vectors.testdata.ts";
import { wycheproofCases } from "../certificates/vectors/wycheproof.testdata.ts";
import { type StoreHeader, unseal } from "./encrypted-file/envelope.ts";
import { ecdsaSignatureDer } from "./pkcs11/signature.ts";

/** As a token answers: r and s in 32 octets each, made into DER, then verified as every signature of ours is. */
const tokenSignatures = (): VectorCase[] =>
  wycheproofCases("ecdsa_secp256r1_sha256_p1363_test.json", (octets) =>
    verifySignature(
      "ecdsa-with-SHA256",
      importPublicKey(octets("publicKeyDer")),
      octets("msg"),
      ecdsaSignatureDer(octets("sig")),
    ),
  );

/** Opening does not look at the header's fields: the octets of its line are the additional data. */
const anyHeader: StoreHeader = {
  environment: "test",
  purpose: "operational",
  scrypt: { N: 2, r: 1, p: 1, salt: "" },
  check: "",
};

/** The encrypted key store, opened. */
const sealedStores = (): VectorCase[] =>
  wycheproofCases("aes_gcm_test.json", (octets) => {
    const sealed = Buffer.concat([octets("ct"), octets("tag")]);
    const envelope = { header: anyHeader, nonce: octets("iv"), headerLine: octets("aad"), sealed };
    return unseal(envelope, createSecretKey(octets("key"))).equals(octets("msg"));
  });

const families: readonly (readonly [VectorFamily, () => VectorCase[]])[] = [
  ["Wycheproof ECDSA P-256 SHA-256, P1363", tokenSignatures],
  ["Wycheproof AES-GCM", sealedStores],
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
