import type { Certificate } from "../syntax/index.ts";
import type { Signatures } from "./signatures.ts";
import { asKey, type Standing, standingOf } from "./standing.ts";

/**
 * The certificates at hand, found by who may have issued what: the name, the key identifier and the signature must all
 * fit (RFC 5280 6.1 and 4.2.1.1). A name alone says nothing: anyone can write one, and a CA keeps its own when it
 * changes its key.
 */
export class Issuers {
  readonly #bySubject = new Map<string, Certificate[]>();
  readonly #named = new Map<string, readonly Standing[]>();
  readonly #standings = new Map<string, Standing>();
  readonly #issuers = new Map<Standing, readonly Standing[]>();
  readonly #signatures: Signatures;

  /** @param certificates - in any order, any of them any number of times; what comes of them does not depend on it */
  constructor(certificates: readonly Certificate[], signatures: Signatures) {
    this.#signatures = signatures;
    const seen = new Set<string>();
    for (const certificate of certificates) {
      const octets = asKey(certificate.der);
      if (seen.has(octets)) continue;
      seen.add(octets);
      const name = asKey(certificate.subject.der);
      const ofName = this.#bySubject.get(name);
      if (ofName === undefined) this.#bySubject.set(name, [certificate]);
      else ofName.push(certificate);
    }
    for (const ofName of this.#bySubject.values()) ofName.sort((a, b) => Buffer.compare(a.der, b.der));
  }

  /** The one standing of a certificate; the same octets give the same object. */
  standing(certificate: Certificate): Standing {
    const octets = asKey(certificate.der);
    const known = this.#standings.get(octets);
    if (known !== undefined) return known;
    const standing = standingOf(certificate);
    this.#standings.set(octets, standing);
    return standing;
  }

  /**
   * Those whose key signed it, by name, key identifier and signature; never itself.
   *
   * @throws SmkiError PATH_BUDGET_EXCEEDED
   */
  of(subject: Standing): readonly Standing[] {
    const known = this.#issuers.get(subject);
    if (known !== undefined) return known;
    const found = this.named(subject).filter(
      (candidate) =>
        identifiersFit(subject, candidate) && this.#signatures.verify(subject.certificate, candidate),
    );
    this.#issuers.set(subject, found);
    return found;
  }

  /** Whether it is self-signed, as a root is. @throws SmkiError PATH_BUDGET_EXCEEDED */
  signsItself(subject: Standing): boolean {
    return subject.isSelfIssued && this.#signatures.verify(subject.certificate, subject);
  }

  /** Those that have the issuer's name, whatever their keys; never itself. */
  named(subject: Standing): Standing[] {
    const name = asKey(subject.certificate.issuer.der);
    let named = this.#named.get(name);
    if (named === undefined) {
      named = (this.#bySubject.get(name) ?? []).map((certificate) => this.standing(certificate));
      this.#named.set(name, named);
    }
    return named.filter((candidate) => candidate !== subject);
  }
}

/**
 * Whether the authority key identifier is the issuer's subject key identifier. One that is absent excludes nobody
 * here, so that the path is found and can be told what it lacks.
 */
export function identifiersFit(subject: Standing, issuer: Standing): boolean {
  const named = subject.authority?.keyIdentifier;
  return named === undefined || issuer.keyIdentifier === undefined || named.equals(issuer.keyIdentifier);
}
