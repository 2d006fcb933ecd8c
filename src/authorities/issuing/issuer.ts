import type { KeyObject } from "node:crypto";
import {
  type AuthorityName,
  type Certificate,
  type CertificateFields,
  importPublicKey,
  type KeyIdentifier,
  type LintIssuer,
  lintIssuer,
  parseCertificate,
  readFields,
  rsaSubjectKeyIdentifier,
  subjectKeyIdentifier,
} from "../../certificates/index.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import type { Authority } from "../authority.ts";

/** The fields of a CA's own certificate. */
export type AuthorityFields = Extract<CertificateFields, { readonly subject: AuthorityName }>;

/** A CA with its certificate opened: what is needed to name it in a certificate and to check its signature. */
export interface Issuer {
  readonly authority: Authority;
  readonly certificate: Certificate;
  readonly fields: AuthorityFields;
  /** Of the CA: the authorityKeyIdentifier of what it issues. */
  readonly keyIdentifier: KeyIdentifier;
  readonly publicKey: KeyObject;
  /** The CA as lint wants it, prepared once. */
  readonly lintIssuer: LintIssuer;
}

const opened = new Map<string, Issuer>();

/** Opens a CA's certificate; kept, since importing a public key costs more than a signature. */
export function issuerOf(authority: Authority): Issuer {
  const known = opened.get(authority.serialNumber);
  if (known !== undefined) return { ...known, authority };
  const certificate = parseCertificate(authority.certificate);
  const fields = readFields(certificate);
  if (!isAuthority(fields))
    throw new SmkiError("AUTHORITY_MISSING", { serialNumber: authority.serialNumber });
  const issuer: Issuer = {
    authority,
    certificate,
    fields,
    keyIdentifier: isRsa(fields)
      ? rsaSubjectKeyIdentifier(certificate.subjectPublicKeyInfo.publicKey)
      : subjectKeyIdentifier(fields.publicKey),
    publicKey: importPublicKey(fields.publicKey),
    lintIssuer: lintIssuer(certificate),
  };
  opened.set(authority.serialNumber, issuer);
  return issuer;
}

function isAuthority(fields: CertificateFields): fields is AuthorityFields {
  return (
    fields.profile !== "device" && fields.profile !== "organisation" && fields.profile !== "iki-end-entity"
  );
}

/** The IKI is RSA (SEC Appendix M, appendix G). */
function isRsa({ profile }: CertificateFields): boolean {
  return profile === "iki-root" || profile === "iki-issuing";
}
