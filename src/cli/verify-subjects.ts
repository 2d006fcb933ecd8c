import {
  type Certificate,
  decodeAuthorityKeyIdentifier,
  decodeSubjectKeyIdentifier,
  extensionValue,
  Oids,
} from "../certificates/index.ts";
import { isSmkiError } from "../errors/smki-error.ts";
import type { FiledCertificate } from "./verify-inputs.ts";

/**
 * Which of the certificates that were given are to be verified: those that none of the others names as its issuer. Who
 * gives a bundle asks about its end entities; who gives an authority alone asks about that.
 *
 * @returns each once; every certificate, where they all name one another
 */
export function subjectsOf(given: readonly FiledCertificate[]): FiledCertificate[] {
  const distinct = [...new Map(given.map((each) => [keyOf(each.certificate.der), each])).values()];
  const named = new Set(
    distinct
      .filter(({ certificate }) => !isSelfIssued(certificate))
      .flatMap(({ certificate }) => namesOf(certificate.issuer.der, authorityOf(certificate))),
  );
  const subjects = distinct.filter(
    ({ certificate }) =>
      !namesOf(certificate.subject.der, ownOf(certificate)).some((name) => named.has(name)),
  );
  return subjects.length === 0 ? distinct : subjects;
}

/** Those that are self-issued, as roots are; whether they signed themselves is for the path to say. */
export function isSelfIssued({ issuer, subject }: Certificate): boolean {
  return issuer.der.equals(subject.der);
}

const keyOf = (octets: Buffer): string => octets.toString("latin1");

/** A name with a key identifier; and without one, for who states none. */
function namesOf(name: Buffer, identifier: Buffer | undefined): string[] {
  return [`${keyOf(name)}|${identifier === undefined ? "" : keyOf(identifier)}`];
}

const authorityOf = (certificate: Certificate): Buffer | undefined =>
  decoded(
    certificate,
    Oids.authorityKeyIdentifier,
    (value) => decodeAuthorityKeyIdentifier(value).keyIdentifier,
  );

const ownOf = (certificate: Certificate): Buffer | undefined =>
  decoded(certificate, Oids.subjectKeyIdentifier, decodeSubjectKeyIdentifier);

function decoded(
  certificate: Certificate,
  id: string,
  decode: (value: Buffer) => Buffer | undefined,
): Buffer | undefined {
  const value = extensionValue(certificate, id);
  if (value === undefined) return undefined;
  try {
    return decode(value);
  } catch (error) {
    if (!isSmkiError(error)) throw error;
    return undefined;
  }
}
