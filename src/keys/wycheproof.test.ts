import { createSecretKey } from "node:crypto";
import { describe, expect, it } from "vitest";
import { importPublicKey, verifySignature } from "../certificates/index.ts";
import type { VectorFamily } from "../certificates/vectors/exclusions.testdata.ts";
import {
  hasVectors,
  needsVectors,
  tallyOf,
  type VectorCase,
} from "../certificates/vectors/vectors.testdata.ts";
import { octets, type WycheproofTest, wycheproofCases } from "../certificates/vectors/wycheproof.testdata.ts";
import { type StoreHeader, unseal } from "./encrypted-file/envelope.ts";
import { ecdsaSignatureDer } from "./pkcs11/signature.ts";

interface SignatureTest extends WycheproofTest {
  readonly msg: string;
  readonly sig: string;
}

/** As a token answers: r and s in 32 octets each, made into DER, then compared as every signature of ours is. */
const tokenSignatures = (): VectorCase[] =>
  wycheproofCases<{ publicKeyDer: string }, SignatureTest>(
    "ecdsa_secp256r1_sha256_p1363_test.json",
    ({ publicKeyDer, msg, sig }) =>
      verifySignature(
        "ecdsa-with-SHA256",
        importPublicKey(octets(publicKeyDer)),
        octets(msg),
        ecdsaSignatureDer(octets(sig)),
      ),
  );

interface SealedTest extends WycheproofTest {
  readonly key: string;
  readonly iv: string;
  readonly aad: string;
  readonly msg: string;
  readonly ct: string;
  readonly tag: string;
}

/** Opening says nothing of the header's fields: the octets of its line are the additional data. */
const anyHeader: StoreHeader = {
  environment: "test",
  purpose: "operational",
  scrypt: { N: 2, r: 1, p: 1, salt: "" },
  check: "",
};

/** The encrypted key store, opened. */
const sealedStores = (): VectorCase[] =>
  wycheproofCases<object, SealedTest>("aes_gcm_test.json", ({ key, iv, aad, msg, ct, tag }) => {
    const envelope = {
      header: anyHeader,
      nonce: octets(iv),
      headerLine: octets(aad),
      sealed: octets(ct + tag),
    };
    return unseal(envelope, createSecretKey(octets(key))).equals(octets(msg));
  });

const families: readonly (readonly [VectorFamily, () => VectorCase[]])[] = [
  ["Wycheproof ECDSA P-256 SHA-256, P1363", tokenSignatures],
  ["Wycheproof AES-GCM", sealedStores],
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
