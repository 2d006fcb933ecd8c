import type { Eui64, RemotePartyRole } from "../certificates/index.ts";
import { SmkiError } from "../errors/smki-error.ts";

/** What a Party is under the Code; decides which votes and which certificates it may have. */
export const partyCategories = [
  "large-supplier",
  "small-supplier",
  "electricity-network",
  "gas-network",
  "other-user",
  "registration-data-provider",
  "manufacturer",
  "dcc",
] as const;

export type PartyCategory = (typeof partyCategories)[number];

/** An inclusive range of EUI-64 identifiers. */
export interface IdentifierRange {
  readonly first: Eui64;
  readonly last: Eui64;
}

/** What is needed to register a Party. */
export interface PartyRegistration {
  readonly name: string;
  readonly companyNumber?: string;
  readonly signifier?: string;
  readonly categories: readonly PartyCategory[];
  /** Remote Party Roles for which it may hold Organisation Certificates. */
  readonly roles: readonly RemotePartyRole[];
  /** EUI-64 identifiers of the Party itself (User IDs). */
  readonly identifiers: readonly Eui64[];
  /** EUI-64 ranges of devices. */
  readonly ranges: readonly IdentifierRange[];
}

/** A registered Party. */
export interface Party extends PartyRegistration {
  readonly id: number;
  readonly registeredAt: Date;
  readonly leftAt?: Date;
  readonly authorisedSubscriberFor: readonly CertificatePolicyName[];
}

/** The Certificate Policy that an approval or a credential is for: a hat. */
export type CertificatePolicyName = "device" | "organisation";

/**
 * Refuses a registration that could not be right, naming the field.
 *
 * @throws SmkiError PARTY_INVALID
 */
export function checkRegistration(registration: PartyRegistration): void {
  const refuse = (field: string, problem: string): never => {
    throw new SmkiError("PARTY_INVALID", { field, problem });
  };
  if (registration.name.trim() === "") refuse("name", "it is empty");
  if (registration.categories.length === 0) refuse("categories", "at least one is needed");
  // Companies House numbers: eight characters, digits or two letters and six digits.
  if (
    registration.companyNumber !== undefined &&
    !/^(?:\d{8}|[A-Z]{2}\d{6})$/.test(registration.companyNumber)
  )
    refuse("companyNumber", "eight digits, or two letters and six digits, are expected");
  for (const { first, last } of registration.ranges)
    if (first > last) refuse("ranges", `${first} stands after ${last}`);
  if (new Set(registration.identifiers).size !== registration.identifiers.length)
    refuse("identifiers", "one is given twice");
}
