import { type SerialNumber, serialNumberFromOctets } from "../certificates/index.ts";
import { brokenConstraint } from "../database/failures.ts";
import type { Tx } from "../database/transaction.ts";
import { SmkiError } from "../errors/smki-error.ts";
import { recordActs } from "../ledger/record-acts.ts";
import {
  type CertificatePolicyName,
  checkRegistration,
  type Party,
  type PartyRegistration,
} from "./party.ts";
import { type CredentialHolder, type Principal, requireOperator } from "./principal.ts";
import * as store from "./registration-store.ts";

/**
 * Registers a Party with its roles, EUI-64 identifiers and ranges.
 *
 * @returns the Party's number
 * @throws SmkiError PARTY_INVALID, PARTY_NAME_TAKEN, IDENTIFIER_ALLOCATED, NOT_PERMITTED
 */
export async function registerParty(
  tx: Tx,
  by: Principal,
  registration: PartyRegistration,
  at: Date,
): Promise<number> {
  requireOperator(by);
  checkRegistration(registration);
  const partyId = await store.insertParty(tx, registration, at).catch((error: unknown) => {
    throw registrationConflict(error, registration);
  });
  await recordActs(tx, [
    {
      kind: "party.registered",
      at,
      by: by.name,
      subject: {
        party: partyId,
        categories: registration.categories,
        roles: registration.roles,
        identifiers: registration.identifiers,
        ranges: registration.ranges.map(({ first, last }) => [first, last]),
      },
    },
  ]);
  return partyId;
}

function registrationConflict(error: unknown, { name }: PartyRegistration): unknown {
  switch (brokenConstraint(error)) {
    case "party_name_key":
    case "party_signifier_key":
      return new SmkiError("PARTY_NAME_TAKEN", { name });
    case "party_identifier_pkey":
    case "party_range_identifiers_excl":
      return new SmkiError("IDENTIFIER_ALLOCATED", { name });
    default:
      return error;
  }
}

/** Every registered Party, by name. */
export function listParties(tx: Tx): Promise<Party[]> {
  return store.selectParties(tx);
}

/** A Party by its name or signifier. @throws SmkiError PARTY_NOT_FOUND */
export async function findParty(tx: Tx, name: string): Promise<Party> {
  const [party] = await store.selectParties(tx, { name });
  if (party === undefined) throw new SmkiError("PARTY_NOT_FOUND", { name });
  return party;
}

/** A Party by its number. @throws SmkiError PARTY_NOT_FOUND */
export async function partyById(tx: Tx, id: number): Promise<Party> {
  const [party] = await store.selectParties(tx, { id });
  if (party === undefined) throw new SmkiError("PARTY_NOT_FOUND", { id });
  return party;
}

/**
 * Approves a Party as Authorised Subscriber under one Certificate Policy. Approving twice changes nothing.
 *
 * @throws SmkiError NOT_PERMITTED, PARTY_NOT_FOUND
 */
export async function approveSubscriber(
  tx: Tx,
  by: Principal,
  partyId: number,
  policy: CertificatePolicyName,
  at: Date,
): Promise<void> {
  requireOperator(by);
  await partyById(tx, partyId);
  if (!(await store.insertAuthorisedSubscriber(tx, partyId, policy, at))) return;
  await recordActs(tx, [
    { kind: "subscriber.approved", at, by: by.name, subject: { party: partyId, certificatePolicy: policy } },
  ]);
}

/**
 * Adds an officer to a Party. The ledger names the officer by number only: a leaf holds no personal data.
 *
 * @returns the officer's number
 * @throws SmkiError NOT_PERMITTED, PARTY_NOT_FOUND
 */
export async function appointOfficer(
  tx: Tx,
  by: Principal,
  officer: { partyId: number; name: string; office: store.Office },
  at: Date,
): Promise<number> {
  requireOperator(by);
  await partyById(tx, officer.partyId);
  const officerId = await store.insertOfficer(tx, { ...officer, at });
  await recordActs(tx, [
    {
      kind: "officer.appointed",
      at,
      by: by.name,
      subject: { party: officer.partyId, officer: officerId, office: officer.office },
    },
  ]);
  return officerId;
}

/** Grants an issued IKI Certificate its hat. Called in the transaction that publishes the certificate. */
export async function grantCredential(
  tx: Tx,
  by: string,
  grant: store.CredentialGrant,
  at: Date,
): Promise<void> {
  await store.insertCredential(tx, grant, at);
  await recordActs(tx, [
    {
      kind: "credential.granted",
      at,
      by,
      subject: {
        serialNumber: grant.serialNumber,
        party: grant.partyId,
        officer: grant.officerId ?? null,
        subscriberFor: grant.subscriberFor,
        ...(grant.webService === undefined ? {} : { webService: grant.webService }),
      },
    },
  ]);
}

/** Ends a credential, at once; the certificate itself is revoked by the IKI CA in the same transaction. */
export async function endCredential(tx: Tx, by: string, serialNumber: SerialNumber, at: Date): Promise<void> {
  if (await store.endCredentialRow(tx, serialNumber, at))
    await recordActs(tx, [{ kind: "credential.ended", at, by, subject: { serialNumber } }]);
}

/**
 * Who stands behind an IKI Certificate. Asked on every request, since an open connection outlives a revocation.
 *
 * @throws SmkiError CREDENTIAL_UNKNOWN, CREDENTIAL_ENDED
 */
export async function findPrincipal(tx: Tx, serialNumber: SerialNumber): Promise<CredentialHolder> {
  const [found = new SmkiError("CREDENTIAL_UNKNOWN", { serialNumber })] = await findPrincipals(tx, [
    serialNumber,
  ]);
  if (found instanceof SmkiError) throw found;
  return found;
}

/** Of many credentials, in their order: who holds it, or CREDENTIAL_UNKNOWN, CREDENTIAL_ENDED. */
export async function findPrincipals(
  tx: Tx,
  serialNumbers: readonly SerialNumber[],
): Promise<(CredentialHolder | SmkiError)[]> {
  const rows = await store.selectCredentialsBy(tx, serialNumbers);
  const bySerialNumber = new Map(rows.map((row) => [serialNumberFromOctets(row.serial_number), row]));
  return serialNumbers.map((serialNumber) => principalIn(serialNumber, bySerialNumber.get(serialNumber)));
}

function principalIn(
  serialNumber: SerialNumber,
  row: Awaited<ReturnType<typeof store.selectCredentialsBy>>[number] | undefined,
): CredentialHolder | SmkiError {
  if (row === undefined) return new SmkiError("CREDENTIAL_UNKNOWN", { serialNumber });
  if (row.ended_at !== null) return new SmkiError("CREDENTIAL_ENDED", { serialNumber });
  return {
    kind: "credential",
    name: `credential:${serialNumber}`,
    serialNumber,
    partyId: row.party_id,
    subscriberFor: row.subscriber_for,
    ...(row.officer_id === null ? {} : { officerId: row.officer_id }),
    ...(row.system_name === null ? {} : { systemName: row.system_name }),
    ...(row.web_service === null ? {} : { webService: row.web_service }),
  };
}

/** Every credential that was ever granted, for comparison with its acts. */
export async function allCredentials(tx: Tx) {
  return (await store.selectAllCredentials(tx)).map((row) => ({
    serialNumber: serialNumberFromOctets(row.serial_number),
    partyId: row.party_id,
    officerId: row.officer_id,
    subscriberFor: row.subscriber_for,
    webService: row.web_service,
    endedAt: row.ended_at,
  }));
}

/** The officers and credentials of a Party, for the Registration Authority's pages. */
export async function partyMembers(tx: Tx, partyId: number) {
  const [officers, credentials] = [
    await store.selectOfficers(tx, partyId),
    await store.selectCredentials(tx, partyId),
  ];
  return {
    officers: officers.map(({ id, name, office, left_at }) => ({ id, name, office, left: left_at !== null })),
    credentials: credentials.map((row) => ({
      serialNumber: serialNumberFromOctets(row.serial_number),
      officer: row.officer_id,
      system: row.system_name,
      subscriberFor: row.subscriber_for,
      webService: row.web_service,
      ended: row.ended_at !== null,
    })),
  };
}
