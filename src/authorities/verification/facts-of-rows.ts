import { hash } from "node:crypto";
import { sql } from "kysely";
import type { Tx } from "../../database/transaction.ts";
import { allCertificateLimits } from "../../devices/certificate-limit.ts";
import { isSmkiError } from "../../errors/smki-error.ts";
import { allCredentials, listParties } from "../../registration/registration.ts";
import type { Authority, AuthorityState } from "../authority.ts";
import { selectAuthorities } from "../authority-store.ts";
import { type ListRecord, listRecords } from "../revocation/list-store.ts";
import { type ListedEntries, readListedEntries } from "../revocation/listed-entries.ts";
import { octetsOfList } from "../revocation/rebuild-list.ts";
import {
  aboutApproval,
  aboutCategories,
  aboutCredential,
  aboutLimit,
  aboutList,
  aboutNotInUse,
  aboutParty,
  aboutRecord,
  aboutRevocation,
  aboutState,
  inOrder,
  inWords,
} from "./facts-of-acts.ts";

/** A fact as the rows of the database have it. */
export interface HeldFact {
  readonly about: string;
  readonly value: string;
  /** So without any act: as the ceremony made it, or an act of an earlier release did not say. */
  readonly mayBeUntold?: boolean;
}

/** What the rows state of Parties, revocations, marks, CAs, credentials, ceremonies, limits and lists. */
export async function* heldFacts(tx: Tx): AsyncGenerator<HeldFact> {
  const { rows: revocations } = await sql<RevocationRow>`
    select encode(serial_number, 'hex') as serial, authority_id as authority, revoked_at as at, reason,
           requested_by as by from revocation`.execute(tx);
  for (const { serial, authority, at, reason, by } of revocations)
    yield { about: aboutRevocation(serial), value: inWords(authority, at, reason, by) };
  const { rows: marks } = await sql<{ serial: string; at: Date; by: string }>`
    select encode(serial_number, 'hex') as serial, since as at, reported_by as by
    from certificate_not_in_use`.execute(tx);
  for (const { serial, at, by } of marks) yield { about: aboutNotInUse(serial), value: inWords(at, by) };
  for (const { id, profile, state } of await selectAuthorities(tx)) {
    const first: AuthorityState = profile === "issuing-dca" ? "stock" : "active";
    yield { about: aboutState(id), value: state, mayBeUntold: state === first };
  }
  for (const credential of await allCredentials(tx)) {
    const { serialNumber, partyId, officerId, subscriberFor, webService, endedAt } = credential;
    yield {
      about: aboutCredential(serialNumber),
      value: inWords(partyId, officerId, subscriberFor, webService),
    };
    yield {
      about: `${aboutCredential(serialNumber)}, its end`,
      value: endedAt === null ? "none" : inWords(endedAt),
    };
  }
  for (const { id, registeredAt, authorisedSubscriberFor, ...party } of await listParties(tx)) {
    const ranges = party.ranges.map(({ first, last }) => [first, last]);
    const sets = [party.roles, party.identifiers, ranges].map(inOrder);
    yield { about: aboutParty(id), value: inWords(registeredAt, ...sets) };
    const categories = inWords(inOrder(party.categories));
    yield { about: aboutCategories(id), value: categories, mayBeUntold: true };
    for (const policy of authorisedSubscriberFor)
      yield { about: aboutApproval(id, policy), value: "approved" };
  }
  const { rows: records } = await sql<{ ceremony: number; digest: string }>`
    select id as ceremony, encode(sha256(convert_to(record, 'UTF8')), 'hex') as digest
    from ceremony where record is not null`.execute(tx);
  for (const { ceremony, digest } of records) yield { about: aboutRecord(ceremony), value: inWords(digest) };
  for (const { deviceId, certificates, reasonHash, setAt, setBy } of await allCertificateLimits(tx))
    yield { about: aboutLimit(deviceId), value: inWords(certificates, reasonHash, setAt, setBy) };
  for (const authority of await selectAuthorities(tx)) yield* heldLists(tx, authority);
}

/**
 * What is held of every list that a CA published. The digest is worked out from the octets that are stored, or of a
 * list whose octets are not kept from those that it is made again with: one kept beside them would prove nothing.
 */
async function* heldLists(tx: Tx, authority: Authority): AsyncGenerator<HeldFact> {
  const lists = await listRecords(tx, authority.id);
  if (lists.length === 0) return;
  const listed = await readListedEntries(tx, authority.id);
  for (const list of lists) {
    const { number, entries, signature } = list;
    const digest = list.sha256 ?? (signature && digestOfRebuilt(authority, list, signature, listed));
    yield { about: aboutList(authority.id, number), value: inWords(entries, digest ?? "without octets") };
  }
}

function digestOfRebuilt(
  authority: Authority,
  list: ListRecord,
  signature: Buffer,
  listed: ListedEntries,
): string {
  try {
    return hash("sha256", octetsOfList(authority, list, signature, listed), "hex");
  } catch (error) {
    // What no list can be made of is no list that was published.
    if (isSmkiError(error)) return error.code;
    throw error;
  }
}

interface RevocationRow {
  readonly serial: string;
  readonly authority: string;
  readonly at: Date;
  readonly reason: string;
  readonly by: string;
}

/** CAs whose certificate is not the one that was issued to them under that serial number. */
export async function authoritiesWithOtherCertificates(tx: Tx): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select authority.id from certification_authority authority
    left join certificate using (serial_number)
    where certificate.certificate is distinct from authority.certificate order by authority.id`.execute(tx);
  return rows.map(({ id }) => id);
}
