import {
  buildTbsCertificate,
  type CertificateFields,
  createSerialNumber,
  type LintLimits,
  lintTbsCertificate,
  type Oid,
  parseTbsCertificate,
  type SerialNumber,
} from "../../certificates/index.ts";
import type { EligibilityRules } from "../../devices/eligibility.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import type { Rulebook } from "../../rulebook/index.ts";
import type { Issuer } from "./issuer.ts";
import { type CertificateSubject, keyHash } from "./subject.ts";
import { lastSecondAfterYears, wholeSecond } from "./validity.ts";

/** What the Certificate Policies and the settings say of every certificate that is issued. */
export interface IssuingTerms {
  /** The policy identifier of this environment, for each kind. */
  readonly policies: Readonly<Record<CertificateSubject["kind"], Oid>>;
  /** Organisation Certificates (Organisation CP, 10 years at the most). */
  readonly organisationYears: number;
  readonly lintLimits: LintLimits;
  readonly ikiYears: number;
  /** Who may have certificates for which Device, and how many. */
  readonly devices: EligibilityRules &
    Pick<Rulebook, "deviceCertificatesPerDevice" | "adHocEligibilityChecked">;
}

/** What each kind is linted as, whatever it may say of itself. */
export const endEntityProfile = {
  device: "device",
  organisation: "organisation",
  iki: "iki-end-entity",
} as const;

/** One certificate that shall be made: its place in the chunk and the exact octets to sign. */
export interface IntendedCertificate {
  /** Of the CSR in its chunk. */
  readonly position: number;
  readonly serialNumber: SerialNumber;
  readonly keyHash: Buffer;
  readonly toBeSigned: Buffer;
}

/** A checked CSR with its place in the chunk. */
export interface PositionedSubject {
  readonly position: number;
  readonly subject: CertificateSubject;
}

/**
 * Step 1, intend: chooses the serial number and builds the exact octets to be signed, and lints them.
 * A crash here leaves nothing: no octet has been written, and the serial numbers are forgotten.
 *
 * @throws SmkiError CERTIFICATE_LINT_FINDING: nothing with a finding is ever signed
 */
export function intend(
  issuer: Issuer,
  { position, subject }: PositionedSubject,
  terms: IssuingTerms,
  now: Date,
): IntendedCertificate {
  const serialNumber = createSerialNumber(now);
  const toBeSigned = buildTbsCertificate(certificateFields(issuer, subject, serialNumber, terms, now));
  const [finding] = lintTbsCertificate(parseTbsCertificate(toBeSigned), {
    limits: terms.lintLimits,
    policy: terms.policies[subject.kind],
    issuer: issuer.lintIssuer,
    profile: endEntityProfile[subject.kind],
  });
  if (finding !== undefined)
    throw new SmkiError("CERTIFICATE_LINT_FINDING", { rule: finding.rule, finding: finding.message });
  return { position, serialNumber, keyHash: keyHash(subject.publicKey), toBeSigned };
}

/** The named fields of the certificate that a subject gets from an issuer. */
function certificateFields(
  issuer: Issuer,
  subject: CertificateSubject,
  serialNumber: SerialNumber,
  terms: IssuingTerms,
  now: Date,
): CertificateFields {
  const notBefore = wholeSecond(now);
  const common = {
    serialNumber,
    issuer: issuer.fields.subject,
    policy: terms.policies[subject.kind],
    publicKey: subject.publicKey,
    authorityKeyIdentifier: issuer.keyIdentifier,
  };
  switch (subject.kind) {
    case "device":
      return {
        ...common,
        profile: "device",
        validity: { notBefore, notAfter: "indefinite" },
        deviceId: subject.deviceId,
        hardwareType: subject.hardwareType,
        keyUsage: subject.keyUsage,
      };
    case "organisation":
      return {
        ...common,
        profile: "organisation",
        validity: { notBefore, notAfter: lastSecondAfterYears(notBefore, terms.organisationYears) },
        subject: {
          ...(subject.commonName === undefined ? {} : { commonName: subject.commonName }),
          role: subject.role,
          entityIdentifier: subject.entityIdentifier,
        },
        keyUsage: subject.keyUsage,
      };
    case "iki":
      return {
        ...common,
        profile: "iki-end-entity",
        validity: { notBefore, notAfter: lastSecondAfterYears(notBefore, terms.ikiYears) },
        subject: { organisation: subject.organisation, role: subject.role, commonName: subject.commonName },
      };
  }
}
