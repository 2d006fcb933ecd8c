import type { KeyObject } from "node:crypto";
import { isSmkiError } from "../../errors/smki-error.ts";
import type { CertificateList } from "../crl/index.ts";
import { signatureAlgorithmOf, verifySignature } from "../keys/index.ts";
import type { Certificate } from "../syntax/index.ts";
import { type Allowance, signatureAllowance } from "./allowance.ts";
import { type Standing, verifyingKeyOf } from "./standing.ts";

/** What bears a signature: a certificate or a list. */
type Signed = Certificate | CertificateList;

/**
 * Verifies signatures, each once under each key, and no more than it may: whoever gives the pool decides how many there
 * would be. An authority with many certificates for one key costs as much as with one.
 */
export class Signatures {
  readonly #judged = new Map<Signed, Map<string, boolean>>();
  readonly #keys = new Map<string, KeyObject | undefined>();
  readonly #allowance: Allowance;

  /** @param budget - how many for one certificate, before {@link renew}; 1,000 unless given */
  constructor(budget?: number) {
    this.#allowance = signatureAllowance(budget);
  }

  /** Begins anew with the whole budget; what was verified stays so. */
  renew(): void {
    this.#allowance.renew();
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
    let judged = byKey.get(issuer.key);
    if (judged === undefined) {
      this.#allowance.spend(costOf(signed, issuer));
      judged = isSignedBy(signed, this.#keyOf(issuer));
      byKey.set(issuer.key, judged);
    }
    return judged;
  }

  /** Imported once, however much it signed. */
  #keyOf(issuer: Standing): KeyObject | undefined {
    if (this.#keys.has(issuer.key)) return this.#keys.get(issuer.key);
    const key = verifyingKeyOf(issuer);
    this.#keys.set(issuer.key, key);
    return key;
  }
}

/** One is an ordinary signature; a large list takes longer to hash, and a large RSA key longer to verify with. */
function costOf({ tbs }: Signed, { publicKey }: Standing): number {
  const large = publicKey?.kind === "rsa" ? Math.floor((publicKey.modulusBits / 4096) ** 2) : 0;
  return 1 + Math.floor(tbs.length / 2 ** 20) + large;
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
