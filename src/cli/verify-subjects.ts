import {
  type Certificate,
  decodeAuthorityKeyIdentifier,
  decodeSubjectKeyIdentifier,
  extensionValue,
  Oids,
} from "../certificates/index.ts";
import { isSmkiError } from "../errors/smki-error.ts";
import type { FiledCertificate, FiledList, VerifyInputs } from "./verify-inputs.ts";

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
      .filter(({ certificate }) => !namesItself(certificate))
      .flatMap(({ certificate }) => namesOf(certificate.issuer.der, authorityOf(certificate))),
  );
  const subjects = distinct.filter(
    ({ certificate }) =>
      !namesOf(certificate.subject.der, ownOf(certificate)).some((name) => named.has(name)),
  );
  return subjects.length === 0 ? distinct : subjects;
}

/**
 * True of what names itself as its issuer, as a root does; whether it signed itself is for the path to say. A CA's new
 * key certified by its old one has the CA's name on both sides, and names the old key.
 */
export function namesItself(certificate: Certificate): boolean {
  const { issuer, subject } = certificate;
  const [named, own] = [authorityOf(certificate), ownOf(certificate)];
  return issuer.der.equals(subject.der) && (named === undefined || own === undefined || named.equals(own));
}

/**
 * What was given and helped to judge nothing: certificates on no path, and lists of nobody on one. None of those
 * certificates was judged: one that bears an authority's name and key identifier, say, which are anyone's to write.
 *
 * @param paths - of every certificate that was verified
 */
export function unusedOf(
  { certificates, lists }: VerifyInputs,
  paths: readonly (readonly Certificate[])[],
): { certificates: FiledCertificate[]; lists: FiledList[] } {
  const used = new Set(paths.flat().map(({ der }) => keyOf(der)));
  const names = new Set(paths.flat().map(({ subject }) => keyOf(subject.der)));
  return {
    certificates: certificates.filter(({ certificate }) => !used.has(keyOf(certificate.der))),
    lists: lists.filter(({ list }) => !names.has(keyOf(list.issuer.der))),
  };
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
