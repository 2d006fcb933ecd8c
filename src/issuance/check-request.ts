import type { CertificateKind } from "../authorities/authority.ts";
import type { CertificateSubject, IkiSubject } from "../authorities/issuing/subject.ts";
import {
  parseCsr,
  readDeviceCsr,
  readIkiCsr,
  readOrganisationCsr,
  verifyCsrSignature,
} from "../certificates/index.ts";
import { SmkiError } from "../errors/smki-error.ts";
import {
  requireAuthorisedSubscriber,
  requireEligibleForOrganisationCertificate,
} from "../registration/eligibility.ts";
import type { CertificatePolicyName, Party } from "../registration/party.ts";
import type { WebService } from "../registration/principal.ts";

/** The officer or system that shall hold an IKI credential, and in which hat. */
export interface CredentialHolderRequest {
  readonly partyId: number;
  readonly officerId?: number;
  readonly systemName?: string;
  readonly subscriberFor: CertificatePolicyName;
  /** Of a system's: the one web service that it is for, if it is for one. */
  readonly webService?: WebService;
}

/**
 * Checks one CSR as SEC Appendix M 2.3 has it: first its format and signature (proof of possession), then
 * its content and the right of the Party to have it.
 *
 * @param request - PKCS#10, DER
 * @param party - the Party on whose behalf it was made; none for the Registration Authority's own requests
 * @returns what shall be certified
 * @param holder - of an IKI credential
 * @throws SmkiError a `CSR_` or `DER_` code, CSR_OF_ANOTHER_PARTY, CREDENTIAL_SYSTEM_DIFFERS, NOT_AN_AUTHORISED_SUBSCRIBER, NOT_AN_ELIGIBLE_SUBSCRIBER
 */
export function checkRequest(
  kind: CertificateKind,
  request: Buffer,
  party: Party | undefined,
  holder?: CredentialHolderRequest,
): CertificateSubject {
  const csr = parseCsr(request);
  const subject = readSubject(kind, csr);
  verifyCsrSignature(csr);
  if (subject.kind === "iki" && holder !== undefined) requireSystemName(subject, holder);
  if (party === undefined) return subject;
  if (kind !== "iki") requireAuthorisedSubscriber(party, kind);
  if (subject.kind === "organisation") requireEligibleForOrganisationCertificate(party, subject);
  if (subject.kind === "iki") requireOwnName(party, subject);
  return subject;
}

/** A credential names its holder's own Party, and no role that the Party has not (SEC Appendix M, appendix G). */
function requireOwnName(party: Party, { organisation, role }: IkiSubject): void {
  if (organisation !== party.name)
    throw new SmkiError("CSR_OF_ANOTHER_PARTY", { party: party.name, organisation });
  if (party.roles.length > 0 && !party.roles.includes(role))
    throw new SmkiError("CSR_OF_ANOTHER_PARTY", { party: party.name, role });
}

/** A credential for a web service has the system's name for its CN (SEC Appendix M, appendix G). */
function requireSystemName({ commonName }: IkiSubject, { systemName, webService }: CredentialHolderRequest) {
  if (webService !== undefined && systemName !== undefined && commonName !== systemName)
    throw new SmkiError("CREDENTIAL_SYSTEM_DIFFERS", { system: systemName, commonName });
}

function readSubject(kind: CertificateKind, csr: ReturnType<typeof parseCsr>): CertificateSubject {
  switch (kind) {
    case "device":
      return { kind, ...readDeviceCsr(csr) };
    case "organisation":
      return { kind, ...readOrganisationCsr(csr) };
    case "iki":
      return { kind, ...readIkiCsr(csr) };
  }
}

/** The refusal of a CSR; anything that is not a coded refusal is a fault of ours and goes on up. */
export function refusalOf(error: unknown): SmkiError {
  if (error instanceof SmkiError) return error;
  throw error;
}
