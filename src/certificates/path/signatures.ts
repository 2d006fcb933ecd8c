import type { KeyObject } from "node:crypto";
import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import type { CertificateList } from "../crl/index.ts";
import { signatureAlgorithmOf, verifySignature } from "../keys/index.ts";
import type { Certificate } from "../syntax/index.ts";
import { type Standing, verifyingKeyOf } from "./standing.ts";

/** What bears a signature: a certificate or a list. */
type Signed = Certificate | CertificateList;

/** Unless the caller says otherwise: about a tenth of a second of ECDSA on P-256. */
const defaultBudget = 1_000;

/**
 * Verifies signatures, each once under each key, and no more than it may: whoever gives the pool decides how many there
 * would be. An authority with many certificates for one key costs as much as with one.
 */
export class Signatures {
  readonly #judged = new Map<Signed, Map<string, boolean>>();
  readonly #keys = new Map<string, KeyObject | undefined>();
  readonly #budget: number;
  #left: number;

  constructor(budget: number = defaultBudget) {
    this.#budget = budget;
    this.#left = budget;
  }

  /** Begins anew with the whole budget; what was verified stays so. */
  renew(): void {
    this.#left = this.#budget;
  }

  /**
   * Whether the issuer's key signed it. What is of an unknown algorithm, of another kind than the key or not strictly
   * encoded was not signed by it.
   *
   * @throws SmkiError PATH_BUDGET_EXCEEDED
   */
  verify(signed: Signed, issuer: Standing): boolean {
    let byKey = this.#judged.get(signed);
    if (byKey === undefined) {
      byKey = new Map();
      this.#judged.set(signed, byKey);
    }
    const key = issuer.certificate.subjectPublicKeyInfo.der.toString("latin1");
    let judged = byKey.get(key);
    if (judged === undefined) {
      if (this.#left === 0) throw new SmkiError("PATH_BUDGET_EXCEEDED", { signaturesVerified: this.#budget });
      this.#left -= 1;
      judged = isSignedBy(signed, this.#keyOf(issuer, key));
      byKey.set(key, judged);
    }
    return judged;
  }

  /** Imported once, however much it signed. */
  #keyOf(issuer: Standing, octets: string): KeyObject | undefined {
    if (this.#keys.has(octets)) return this.#keys.get(octets);
    const key = verifyingKeyOf(issuer);
    this.#keys.set(octets, key);
    return key;
  }
}

function isSignedBy(signed: Signed, key: KeyObject | undefined): boolean {
  if (key === undefined) return false;
  try {
    const algorithm = signatureAlgorithmOf(signed.signatureAlgorithm);
    return verifySignature(algorithm, key, signed.tbs, signed.signatureValue);
  } catch (error) {
    if (!isSmkiError(error)) throw error;
    return false;
  }
}
