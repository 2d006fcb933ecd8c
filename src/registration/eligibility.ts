import type { Eui64, RemotePartyRole } from "../certificates/index.ts";
import { SmkiError } from "../errors/smki-error.ts";
import type { CertificatePolicyName, Party } from "./party.ts";

/**
 * Refuses a Party that the Registration Authority has not approved under the Certificate Policy, or that left.
 *
 * @throws SmkiError NOT_AN_AUTHORISED_SUBSCRIBER
 */
export function requireAuthorisedSubscriber(party: Party, policy: CertificatePolicyName): void {
  if (party.leftAt !== undefined || !party.authorisedSubscriberFor.includes(policy))
    throw new SmkiError("NOT_AN_AUTHORISED_SUBSCRIBER", { party: party.name, certificatePolicy: policy });
}

/**
 * Refuses an Organisation CSR for an EUI-64 identifier or a role that is not the Party's own
 * (SEC Appendix M 2.3.1.3, SEC L3.15).
 *
 * @throws SmkiError NOT_AN_ELIGIBLE_SUBSCRIBER
 */
export function requireEligibleForOrganisationCertificate(
  party: Party,
  subject: { readonly entityIdentifier: Eui64; readonly role: RemotePartyRole },
): void {
  if (!party.identifiers.includes(subject.entityIdentifier))
    throw new SmkiError("NOT_AN_ELIGIBLE_SUBSCRIBER", {
      party: party.name,
      entityIdentifier: subject.entityIdentifier,
    });
  if (!party.roles.includes(subject.role))
    throw new SmkiError("NOT_AN_ELIGIBLE_SUBSCRIBER", { party: party.name, role: subject.role });
}
