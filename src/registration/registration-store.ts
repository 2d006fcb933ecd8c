import { type Generated, sql } from "kysely";
import { type Eui64, eui64FromOctets, remotePartyRole, type SerialNumber } from "../certificates/index.ts";
import { byteaArray } from "../database/binary-arrays.ts";
import { prepared } from "../database/prepared.ts";
import type { Tx } from "../database/transaction.ts";
import type {
  CertificatePolicyName,
  IdentifierRange,
  Party,
  PartyCategory,
  PartyRegistration,
} from "./party.ts";
import type { WebService } from "./principal.ts";

type RegistrationTables = {
  party: {
    id: Generated<number>;
    name: string;
    company_number: string | null;
    signifier: string | null;
    categories: string[];
    registered_at: Date;
    left_at: Date | null;
  };
  party_role: { party_id: number; role: number };
  party_identifier: { entity_identifier: Buffer; party_id: number };
  party_range: { party_id: number; identifiers: string };
  authorised_subscriber: { party_id: number; certificate_policy: CertificatePolicyName; approved_at: Date };
  officer: {
    id: Generated<number>;
    party_id: number;
    name: string;
    office: Office;
    appointed_at: Date;
    left_at: Date | null;
  };
  iki_credential: {
    serial_number: Buffer;
    party_id: number;
    officer_id: number | null;
    system_name: string | null;
    subscriber_for: CertificatePolicyName;
    web_service: WebService | null;
    granted_at: Date;
    ended_at: Date | null;
  };
};

export type Office = "senior-responsible-officer" | "authorised-responsible-officer";

const tables = (tx: Tx) => tx.$extendTables<RegistrationTables>();

/** A numrange of the identifiers' unsigned values: both ends included. */
const toRange = ({ first, last }: IdentifierRange): string =>
  `[${String(BigInt(`0x${first}`))},${String(BigInt(`0x${last}`))}]`;

const fromRange = (range: string): IdentifierRange => {
  const [first = "0", last = "0"] = range.slice(1, -1).split(",");
  const identifier = (decimal: string) => BigInt(decimal).toString(16).padStart(16, "0") as Eui64;
  return { first: identifier(first), last: identifier(last) };
};

export async function insertParty(tx: Tx, party: PartyRegistration, at: Date): Promise<number> {
  const { id } = await tables(tx)
    .insertInto("party")
    .values({
      name: party.name,
      company_number: party.companyNumber ?? null,
      signifier: party.signifier ?? null,
      categories: [...party.categories],
      registered_at: at,
      left_at: null,
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  if (party.roles.length > 0)
    await tables(tx)
      .insertInto("party_role")
      .values(party.roles.map((role) => ({ party_id: id, role: role })))
      .execute();
  if (party.identifiers.length > 0)
    await tables(tx)
      .insertInto("party_identifier")
      .values(party.identifiers.map((eui) => ({ entity_identifier: Buffer.from(eui, "hex"), party_id: id })))
      .execute();
  if (party.ranges.length > 0)
    await tables(tx)
      .insertInto("party_range")
      .values(party.ranges.map((range) => ({ party_id: id, identifiers: toRange(range) })))
      .execute();
  return id;
}

/** Parties by id, name or signifier; all of them, by name, when no key is given. */
export async function selectParties(tx: Tx, key?: { id: number } | { name: string }): Promise<Party[]> {
  let query = tables(tx).selectFrom("party").selectAll().orderBy("name");
  if (key !== undefined && "id" in key) query = query.modifyFront(prepared).where("id", "=", key.id);
  if (key !== undefined && "name" in key)
    query = query.where((where) =>
      where.or([where("name", "=", key.name), where("signifier", "=", key.name)]),
    );
  // One statement for all of it: a Party is asked for with every CSR.
  const rows = await query.select(allocations).execute();
  return rows.map((row) => ({
    ...fromRow(row),
    roles: row.roles.map(remotePartyRole),
    identifiers: row.identifiers.map(eui64FromOctets),
    ranges: row.ranges.map(fromRange),
    authorisedSubscriberFor: row.policies,
  }));
}

const allocations = [
  sql<number[]>`array(select role from party_role where party_id = party.id order by role)`.as("roles"),
  sql<Buffer[]>`array(
    select entity_identifier from party_identifier where party_id = party.id order by entity_identifier)`.as(
    "identifiers",
  ),
  sql<string[]>`array(
    select '[' || lower(identifiers) || ',' || upper(identifiers) || ']'
    from party_range where party_id = party.id order by identifiers)`.as("ranges"),
  sql<CertificatePolicyName[]>`array(
    select certificate_policy from authorised_subscriber where party_id = party.id order by certificate_policy)`.as(
    "policies",
  ),
] as const;

function fromRow(row: { [Column in keyof RegistrationTables["party"]]: unknown }) {
  const party = row as Omit<RegistrationTables["party"], "id"> & { id: number };
  return {
    id: party.id,
    name: party.name,
    categories: party.categories as PartyCategory[],
    registeredAt: party.registered_at,
    ...(party.company_number === null ? {} : { companyNumber: party.company_number }),
    ...(party.signifier === null ? {} : { signifier: party.signifier }),
    ...(party.left_at === null ? {} : { leftAt: party.left_at }),
  };
}

/** Approves; false when it is approved already. */
export async function insertAuthorisedSubscriber(
  tx: Tx,
  partyId: number,
  policy: CertificatePolicyName,
  at: Date,
): Promise<boolean> {
  const inserted = await tables(tx)
    .insertInto("authorised_subscriber")
    .values({ party_id: partyId, certificate_policy: policy, approved_at: at })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return inserted.numInsertedOrUpdatedRows === 1n;
}

export async function insertOfficer(
  tx: Tx,
  officer: { partyId: number; name: string; office: Office; at: Date },
): Promise<number> {
  const { id } = await tables(tx)
    .insertInto("officer")
    .values({
      party_id: officer.partyId,
      name: officer.name,
      office: officer.office,
      appointed_at: officer.at,
      left_at: null,
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  return id;
}

export async function selectOfficers(tx: Tx, partyId: number) {
  return tables(tx).selectFrom("officer").selectAll().where("party_id", "=", partyId).orderBy("id").execute();
}

export interface CredentialGrant {
  readonly serialNumber: SerialNumber;
  readonly partyId: number;
  readonly officerId?: number | undefined;
  readonly systemName?: string | undefined;
  readonly subscriberFor: CertificatePolicyName;
  readonly webService?: WebService | undefined;
}

export async function insertCredential(tx: Tx, grant: CredentialGrant, at: Date): Promise<void> {
  await tables(tx)
    .insertInto("iki_credential")
    .values({
      serial_number: Buffer.from(grant.serialNumber, "hex"),
      party_id: grant.partyId,
      officer_id: grant.officerId ?? null,
      system_name: grant.systemName ?? null,
      subscriber_for: grant.subscriberFor,
      web_service: grant.webService ?? null,
      granted_at: at,
      ended_at: null,
    })
    .execute();
}

/** Ends a credential; false when there is none in force with that serial number. */
export async function endCredentialRow(tx: Tx, serialNumber: SerialNumber, at: Date): Promise<boolean> {
  const ended = await tables(tx)
    .updateTable("iki_credential")
    .set({ ended_at: at })
    .where("serial_number", "=", Buffer.from(serialNumber, "hex"))
    .where("ended_at", "is", null)
    .executeTakeFirst();
  return ended.numUpdatedRows > 0n;
}

export async function selectCredentialsBy(tx: Tx, serialNumbers: readonly SerialNumber[]) {
  const wanted = byteaArray(serialNumbers.map((serialNumber) => Buffer.from(serialNumber, "hex")));
  return tables(tx)
    .selectFrom("iki_credential")
    .selectAll()
    .modifyFront(prepared)
    .where(sql<boolean>`serial_number = any(${wanted}::bytea[])`)
    .execute();
}

/** Every credential that was ever granted. */
export async function selectAllCredentials(tx: Tx) {
  return tables(tx).selectFrom("iki_credential").selectAll().execute();
}

export async function selectCredentials(tx: Tx, partyId: number) {
  return tables(tx).selectFrom("iki_credential").selectAll().where("party_id", "=", partyId).execute();
}
