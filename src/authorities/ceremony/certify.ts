import {
  assembleCertificate,
  buildTbsCertificate,
  type CertificateFields,
  createSerialNumber,
  lintCertificate,
  lintTbsCertificate,
  type Oid,
  parseTbsCertificate,
} from "../../certificates/index.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import type { KeyInfo, Signer } from "../../keys/signer.ts";
import type { Authority, AuthorityProfile } from "../authority.ts";
import { issuerOf } from "../issuing/issuer.ts";
import { lastSecondAfterYears, wholeSecond } from "../issuing/validity.ts";
import type { HierarchyTerms } from "./hierarchy.ts";

/** A CA to be certified: its key exists, its certificate does not. */
export interface AuthorityRequest {
  readonly id: string;
  readonly profile: AuthorityProfile;
  readonly key: KeyInfo;
  readonly terms: HierarchyTerms;
  /** Absent for a root, which signs itself. */
  readonly issuer?: Authority;
  /** Only for the Root OCA. */
  readonly wrappedContingencyKey?: { readonly wrapAlgorithm: Oid; readonly wrappedKey: Buffer };
}

/**
 * Makes the certificate of a CA: the same steps as every certificate (intend with lint, sign, compare with
 * lint), under the eyes of the witnesses. Nothing is written; the ceremony writes all of it at its end.
 *
 * @param signer - the store that holds the issuer's key
 */
export async function certifyAuthority(
  request: AuthorityRequest,
  signer: Signer,
  now: Date,
): Promise<Authority> {
  const fields = authorityFields(request, now);
  const toBeSigned = buildTbsCertificate(fields);
  const expectations = { policy: fields.policy, limits: request.terms.lintLimits, profile: request.profile };
  refuseFindings(request.id, lintTbsCertificate(parseTbsCertificate(toBeSigned), expectations));
  const issuerLabel = request.issuer?.keyLabel ?? request.key.label;
  const certificate = assembleCertificate(toBeSigned, await signer.sign(issuerLabel, toBeSigned));
  const authority: Authority = {
    id: request.id,
    profile: request.profile,
    issuerId: request.issuer?.id ?? request.id,
    serialNumber: fields.serialNumber,
    certificate,
    keyLabel: request.key.label,
    state: request.profile === "issuing-dca" ? "stock" : "active",
    reserved: 0,
  };
  const issued = issuerOf(authority);
  if (!issued.certificate.tbs.equals(toBeSigned))
    throw new SmkiError("SIGNED_OTHER_THAN_INTENDED", { authority: request.id });
  const { certificate: issuer } = request.issuer === undefined ? issued : issuerOf(request.issuer);
  refuseFindings(request.id, lintCertificate(issued.certificate, { ...expectations, issuer }));
  return authority;
}

function refuseFindings(id: string, findings: readonly { rule: string; message: string }[]): void {
  const [finding] = findings;
  if (finding !== undefined)
    throw new SmkiError("CERTIFICATE_LINT_FINDING", {
      authority: id,
      rule: finding.rule,
      finding: finding.message,
    });
}

function authorityFields({ profile, terms, ...request }: AuthorityRequest, now: Date): CertificateFields {
  const notBefore = wholeSecond(now);
  const common = {
    serialNumber: createSerialNumber(now),
    policy: terms.policies[profile],
    publicKey: certifiedOctets(request.key),
    validity: { notBefore, notAfter: lastSecondAfterYears(notBefore, terms.years[profile]) },
  };
  switch (profile) {
    case "root-oca":
      return {
        ...common,
        profile,
        subject: terms.names[profile],
        wrappedContingencyKey: request.wrappedContingencyKey ?? missingContingencyKey(),
      };
    case "root-dca":
    case "iki-root":
      return { ...common, profile, subject: terms.names[profile] };
    case "issuing-oca":
    case "iki-issuing":
      return { ...common, profile, subject: terms.names[profile], ...issuedBy(request.issuer) };
    case "issuing-dca":
      return {
        ...common,
        profile,
        subject: terms.issuingDcaName(Number(request.id.slice("issuing-dca/".length))),
        ...issuedBy(request.issuer),
      };
  }
}

function issuedBy(authority: Authority | undefined) {
  if (authority === undefined) throw new SmkiError("AUTHORITY_MISSING", { needed: "the root of this CA" });
  const issuer = issuerOf(authority);
  return { issuer: issuer.fields.subject, authorityKeyIdentifier: issuer.keyIdentifier };
}

/** P-256 keys stand in the fields as their point, RSA keys whole. */
function certifiedOctets({ algorithm, publicKey }: KeyInfo): Buffer {
  return algorithm === "rsa-2048-sha256" ? publicKey : publicKey.subarray(-65);
}

function missingContingencyKey(): never {
  throw new SmkiError("AUTHORITY_MISSING", { needed: "the wrapped contingency key" });
}
