import type { Attribute } from "pkcs11js";
import type { KeyAlgorithm } from "../signer.ts";
import { CKA, CKM } from "./cryptoki.ts";
import { attribute } from "./objects.ts";

/** What C_GenerateKeyPair is given. */
export interface KeyPairTemplate {
  readonly mechanism: number;
  readonly publicKey: Attribute[];
  readonly privateKey: Attribute[];
}

/** Object identifiers in DER: secp256r1 (RFC 5480 section 2.1.1.1) and id-Ed25519 (RFC 8410 section 3). */
const P256 = Buffer.from("06082a8648ce3d030107", "hex");
const ED25519 = Buffer.from("06032b6570", "hex");
const F4 = Buffer.from("010001", "hex");

/** A private key never leaves the token, and is of no use without the PIN. */
export function keyPairTemplate(algorithm: KeyAlgorithm, label: string, id: Buffer): KeyPairTemplate {
  const signs = algorithm !== "ecdh-p256";
  const both = [attribute(CKA.TOKEN, true), attribute(CKA.LABEL, label), attribute(CKA.ID, id)];
  return {
    mechanism: mechanismOf(algorithm),
    publicKey: [
      ...both,
      attribute(CKA.PRIVATE, false),
      attribute(CKA.VERIFY, signs),
      attribute(CKA.DERIVE, !signs),
      ...parametersOf(algorithm),
    ],
    privateKey: [
      ...both,
      attribute(CKA.PRIVATE, true),
      attribute(CKA.SENSITIVE, true),
      attribute(CKA.EXTRACTABLE, false),
      attribute(CKA.SIGN, signs),
      attribute(CKA.DERIVE, !signs),
    ],
  };
}

/**
 * A symmetric secret that can be read out: the Contingency Symmetric Key is disclosed to Devices inside the
 * Contingency command itself, so a token that would not give it up could never be used. It is still private: only
 * who has the PIN reads it.
 */
export function secretTemplate(label: string, octets: number): Attribute[] {
  return [
    attribute(CKA.TOKEN, true),
    attribute(CKA.PRIVATE, true),
    attribute(CKA.LABEL, label),
    attribute(CKA.VALUE_LEN, octets),
    attribute(CKA.SENSITIVE, false),
    attribute(CKA.EXTRACTABLE, true),
  ];
}

/** Tokens make AES keys more often than generic secrets, so a length that AES has is made as an AES key. */
export function secretMechanism(octets: number): number {
  return [16, 24, 32].includes(octets) ? CKM.AES_KEY_GEN : CKM.GENERIC_SECRET_KEY_GEN;
}

function mechanismOf(algorithm: KeyAlgorithm): number {
  if (algorithm === "rsa-2048-sha256") return CKM.RSA_PKCS_KEY_PAIR_GEN;
  return algorithm === "ed25519" ? CKM.EC_EDWARDS_KEY_PAIR_GEN : CKM.EC_KEY_PAIR_GEN;
}

function parametersOf(algorithm: KeyAlgorithm): Attribute[] {
  if (algorithm === "rsa-2048-sha256")
    return [attribute(CKA.MODULUS_BITS, 2048), attribute(CKA.PUBLIC_EXPONENT, F4)];
  return [attribute(CKA.EC_PARAMS, algorithm === "ed25519" ? ED25519 : P256)];
}
