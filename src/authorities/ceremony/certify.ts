import {
  type AuthorityName,
  assembleCertificate,
  buildTbsCertificate,
  createSerialNumber,
  lintCertificate,
  lintTbsCertificate,
  type Oid,
  parseCertificate,
  parseTbsCertificate,
  readFields,
} from "../../certificates/index.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import type { KeyInfo } from "../../keys/signer.ts";
import type { Authority, AuthorityProfile } from "../authority.ts";
import { type AuthorityFields, issuerOf } from "../issuing/issuer.ts";
import { lastSecondAfterYears, wholeSecond } from "../issuing/validity.ts";
import type { CeremonyRoom } from "./ceremony-room.ts";
import { fingerprint } from "./fingerprint.ts";
import { type HierarchyTerms, issuingDcaNumber } from "./hierarchy.ts";
import type { Journal } from "./journal.ts";

/** A CA to be certified: its key exists, its certificate does not. */
export interface AuthorityRequest {
  readonly id: string;
  readonly profile: AuthorityProfile;
  readonly key: KeyInfo;
  readonly terms: HierarchyTerms;
  /** Absent for a root, which signs itself. */
  readonly issuer?: Authority;
  /** Of a CA that takes another's place; that of the settings when left out. */
  readonly commonName?: string;
  /** Only for the Root OCA. */
  readonly wrappedContingencyKey?: { readonly wrapAlgorithm: Oid; readonly wrappedKey: Buffer };
}

/**
 * Certifies a CA in two steps of the journal, as every certificate is issued: the octets to be signed are linted
 * and recorded, then signed, compared and linted again. A crash between the two signs the same octets, so no place
 * in the hierarchy ever has two certificates. Nothing is lodged; the ceremony lodges all of it at its end.
 */
export async function certifyAuthority(
  room: CeremonyRoom,
  journal: Journal,
  request: AuthorityRequest,
): Promise<Authority> {
  const toBeSigned = await journal.step(intendStep(request.id), () => {
    const fields = authorityFields(request, room.clock());
    const octets = buildTbsCertificate(fields);
    const expectations = expectationsOf(request);
    refuseFindings(request.id, lintTbsCertificate(parseTbsCertificate(octets), expectations));
    return {
      words: `${request.id} is to be certified as ${nameInWords(fields.subject)} under ${request.issuer?.id ?? "itself"}: serial number ${fields.serialNumber}, valid ${fields.validity.notBefore.toISOString()} to ${fields.validity.notAfter.toISOString()}`,
      artefact: octets,
    };
  });
  const certificate = await journal.step(certifyStep(request.id), async () => {
    const issuerLabel = request.issuer?.keyLabel ?? request.key.label;
    const signature = await room.ceremonySigner.sign(issuerLabel, toBeSigned);
    const octets = assembleCertificate(toBeSigned, signature);
    compareWithIntent(request, octets, toBeSigned);
    return { words: describeCertificate(request.id, octets), artefact: octets };
  });
  return authorityOf(request, certificate);
}

/** The names of the steps that certify a CA. */
export const intendStep = (id: string): string => `intend ${id}`;
export const certifyStep = (id: string): string => `certify ${id}`;

function authorityOf(request: AuthorityRequest, certificate: Buffer): Authority {
  return {
    id: request.id,
    profile: request.profile,
    issuerId: request.issuer?.id ?? request.id,
    serialNumber: readFields(parseCertificate(certificate)).serialNumber,
    certificate,
    keyLabel: request.key.label,
    state: request.profile === "issuing-dca" ? "stock" : "active",
    reserved: 0,
  };
}

function compareWithIntent(request: AuthorityRequest, octets: Buffer, toBeSigned: Buffer): void {
  const issued = parseCertificate(octets);
  if (!issued.tbs.equals(toBeSigned))
    throw new SmkiError("SIGNED_OTHER_THAN_INTENDED", { authority: request.id });
  const issuer = request.issuer === undefined ? issued : issuerOf(request.issuer).certificate;
  refuseFindings(request.id, lintCertificate(issued, { ...expectationsOf(request), issuer }));
}

function expectationsOf({ profile, terms }: AuthorityRequest) {
  return { policy: terms.policies[profile], limits: terms.lintLimits, profile };
}

/** What a witness can compare with the certificate on paper. */
function describeCertificate(id: string, certificate: Buffer): string {
  const { serialNumber } = readFields(parseCertificate(certificate));
  return `${id} certified: serial number ${serialNumber}, SHA-256 ${fingerprint(certificate)}`;
}

/** A CA's name as people read it. */
export function nameInWords({ commonName, organisationalUnit }: AuthorityName): string {
  return organisationalUnit === undefined ? commonName : `${commonName} (OU ${organisationalUnit})`;
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

function authorityFields({ profile, terms, ...request }: AuthorityRequest, now: Date): AuthorityFields {
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
      return {
        ...common,
        profile,
        subject: {
          ...terms.names[profile],
          commonName: request.commonName ?? terms.names[profile].commonName,
        },
        ...issuedBy(request.issuer),
      };
    case "issuing-dca":
      return {
        ...common,
        profile,
        subject: terms.issuingDcaName(issuingDcaNumber(request.id)),
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
