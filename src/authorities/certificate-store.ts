import { type RawBuilder, sql } from "kysely";
import {
  type Certificate,
  type CertificateFields,
  type Eui64,
  eui64FromOctets,
  type RemotePartyRole,
  remotePartyRole,
  type SerialNumber,
  serialNumberFromOctets,
} from "../certificates/index.ts";
import { byteaArray } from "../database/binary-arrays.ts";
import { prepared } from "../database/prepared.ts";
import type { Tx } from "../database/transaction.ts";

export type CertificateUsage = "DS" | "KA" | "CA";
export type StoredKind = "device" | "organisation" | "iki" | "authority";

/** A certificate as it lies in the database, with what it is searched by. */
export interface StoredCertificate {
  readonly serialNumber: SerialNumber;
  readonly kind: StoredKind;
  readonly authorityId: string;
  readonly subjectIdentifier?: Eui64;
  readonly role?: RemotePartyRole;
  readonly usage: CertificateUsage;
  readonly notBefore: Date;
  /** Absent: indefinite. */
  readonly notAfter?: Date;
  readonly partyId?: number;
  readonly lodgedAt: Date;
  /** DER. */
  readonly certificate: Buffer;
}

type CertificateTables = {
  certificate: {
    serial_number: Buffer;
    kind: StoredKind;
    authority_id: string;
    subject_identifier: Buffer | null;
    role: number | null;
    usage: CertificateUsage;
    not_before: Date;
    not_after: Date | null;
    party_id: number | null;
    lodged_at: Date;
    certificate: Buffer;
  };
  revocation: { serial_number: Buffer; revoked_at: Date; reason: string };
  certificate_not_in_use: { serial_number: Buffer };
};

const tables = (tx: Tx) => tx.$extendTables<CertificateTables>();

/** The row of a certificate, read out of the certificate itself: nothing is kept that it does not say. */
export function certificateRow(
  certificate: Certificate,
  fields: CertificateFields,
  authorityId: string,
  partyId: number | undefined,
  lodgedAt: Date,
): StoredCertificate {
  return {
    serialNumber: fields.serialNumber,
    ...subjectColumns(fields),
    authorityId,
    notBefore: fields.validity.notBefore,
    ...(fields.validity.notAfter === "indefinite" ? {} : { notAfter: fields.validity.notAfter }),
    ...(partyId === undefined ? {} : { partyId }),
    lodgedAt,
    certificate: certificate.der,
  };
}

function subjectColumns(
  fields: CertificateFields,
): Pick<StoredCertificate, "kind" | "subjectIdentifier" | "role" | "usage"> {
  switch (fields.profile) {
    case "device":
      return { kind: "device", subjectIdentifier: fields.deviceId, usage: usageOf(fields.keyUsage) };
    case "organisation":
      return {
        kind: "organisation",
        subjectIdentifier: fields.subject.entityIdentifier,
        role: fields.subject.role,
        usage: usageOf(fields.keyUsage),
      };
    case "iki-end-entity":
      return { kind: "iki", role: fields.subject.role, usage: "DS" };
    default:
      return { kind: "authority", usage: "CA" };
  }
}

const usageOf = (keyUsage: "digitalSignature" | "keyAgreement"): CertificateUsage =>
  keyUsage === "digitalSignature" ? "DS" : "KA";

/** Inserts certificates of one chunk in one statement: arrays cost a tenth of row-by-row values. */
export async function insertCertificates(tx: Tx, rows: readonly StoredCertificate[]): Promise<void> {
  if (rows.length === 0) return;
  await sql`${prepared}
    insert into certificate (serial_number, kind, authority_id, subject_identifier, role, usage,
                             not_before, not_after, party_id, lodged_at, certificate)
    select * from unnest(
      ${byteaArray(rows.map((row) => Buffer.from(row.serialNumber, "hex")))}::bytea[],
      ${rows.map((row) => row.kind)}::text[],
      ${rows.map((row) => row.authorityId)}::text[],
      ${byteaArray(rows.map((row) => (row.subjectIdentifier === undefined ? null : Buffer.from(row.subjectIdentifier, "hex"))))}::bytea[],
      ${rows.map((row) => row.role ?? null)}::smallint[],
      ${rows.map((row) => row.usage)}::text[],
      ${rows.map((row) => row.notBefore)}::timestamptz[],
      ${rows.map((row) => row.notAfter ?? null)}::timestamptz[],
      ${rows.map((row) => row.partyId ?? null)}::bigint[],
      ${rows.map((row) => row.lodgedAt)}::timestamptz[],
      ${byteaArray(rows.map((row) => row.certificate))}::bytea[])`.execute(tx);
}

/** How many Device Certificates there are for each of these Devices; one without any is absent. */
export async function countCertificatesOfDevices(
  tx: Tx,
  deviceIds: readonly Eui64[],
): Promise<ReadonlyMap<Eui64, number>> {
  // Each by the index: with the list as one condition the planner comes to read a table of a million rows whole.
  const { rows } = await sql<{ device_id: Buffer; issued: number }>`${prepared}
    select asked.device_id, found.issued
    from unnest(${byteaArray(deviceIds.map((id) => Buffer.from(id, "hex")))}::bytea[]) asked (device_id)
    cross join lateral (
      select count(*) as issued from certificate
      where subject_identifier = asked.device_id and kind = 'device'
    ) found
    where found.issued > 0`.execute(tx);
  return new Map(rows.map(({ device_id, issued }) => [eui64FromOctets(device_id), issued]));
}

/** The octets of certificates, by serial number; one that is not there is absent. */
export async function selectOctets(
  tx: Tx,
  serialNumbers: readonly SerialNumber[],
): Promise<Map<SerialNumber, Buffer>> {
  const wanted = byteaArray(serialNumbers.map((serialNumber) => Buffer.from(serialNumber, "hex")));
  const { rows } = await sql<{ serialNumber: Buffer; certificate: Buffer }>`${prepared}
    select serial_number as "serialNumber", certificate from certificate
    where serial_number = any(${wanted}::bytea[])`.execute(tx);
  return new Map(rows.map((row) => [serialNumberFromOctets(row.serialNumber), row.certificate]));
}

/** SHA-256 of the stored octets, in lower-case hexadecimal; undefined when no certificate has that serial number. */
export async function digestOf(tx: Tx, serialNumber: SerialNumber): Promise<string | undefined> {
  const row = await tables(tx)
    .selectFrom("certificate")
    .select(sql<string>`encode(sha256(certificate), 'hex')`.as("digest"))
    .where("serial_number", "=", Buffer.from(serialNumber, "hex"))
    .executeTakeFirst();
  return row?.digest;
}

/** The serial numbers of what a CA issued, of one kind. */
export async function selectSerialNumbers(
  tx: Tx,
  authorityId: string,
  kind: StoredKind,
): Promise<SerialNumber[]> {
  const rows = await tables(tx)
    .selectFrom("certificate")
    .select("serial_number")
    .where("authority_id", "=", authorityId)
    .where("kind", "=", kind)
    .orderBy("serial_number")
    .execute();
  return rows.map((row) => serialNumberFromOctets(row.serial_number));
}

/** What a search may ask for; every part narrows. */
export interface CertificateQuery {
  readonly kind?: StoredKind;
  readonly subjectIdentifier?: Eui64;
  readonly role?: RemotePartyRole;
  readonly usage?: CertificateUsage;
  readonly serialNumber?: SerialNumber;
  readonly authorityId?: string;
  /** What has been said of it since; for a search by status. */
  readonly standing?: CertificateStanding;
  readonly limit: number;
}

/** Conditions on what may be said of a certificate after its issue; each narrows. */
export interface CertificateStanding {
  readonly revoked?: boolean;
  readonly notInUse?: boolean;
  /** At that moment. */
  readonly expired?: { readonly at: Date; readonly is: boolean };
}

/** A stored certificate with what has been said about it since. */
export interface KnownCertificate extends StoredCertificate {
  readonly revokedAt?: Date;
  readonly revocationReason?: string;
  readonly notInUse: boolean;
}

/** Certificates that match, newest first. */
export async function selectCertificates(tx: Tx, query: CertificateQuery): Promise<KnownCertificate[]> {
  let select = tables(tx)
    .selectFrom("certificate")
    .leftJoin("revocation", "revocation.serial_number", "certificate.serial_number")
    .leftJoin("certificate_not_in_use as unused", "unused.serial_number", "certificate.serial_number")
    // Asked for each look-up. The parts that are asked by make a few dozen texts at the most.
    .modifyFront(prepared)
    .selectAll("certificate")
    .select(["revocation.revoked_at", "revocation.reason", "unused.serial_number as unused"])
    .orderBy("certificate.serial_number", "desc")
    .limit(query.limit);
  if (query.kind !== undefined) select = select.where("certificate.kind", "=", query.kind);
  if (query.subjectIdentifier !== undefined)
    select = select.where("certificate.subject_identifier", "=", Buffer.from(query.subjectIdentifier, "hex"));
  if (query.role !== undefined) select = select.where("certificate.role", "=", query.role);
  if (query.usage !== undefined) select = select.where("certificate.usage", "=", query.usage);
  if (query.serialNumber !== undefined)
    select = select.where("certificate.serial_number", "=", Buffer.from(query.serialNumber, "hex"));
  if (query.authorityId !== undefined)
    select = select.where("certificate.authority_id", "=", query.authorityId);
  const { revoked, notInUse, expired } = query.standing ?? {};
  if (revoked !== undefined)
    select = select.where("revocation.serial_number", revoked ? "is not" : "is", null);
  if (notInUse !== undefined) select = select.where("unused.serial_number", notInUse ? "is not" : "is", null);
  if (expired?.is === true) select = select.where("certificate.not_after", "<", expired.at);
  if (expired?.is === false)
    select = select.where((where) =>
      where.or([
        where("certificate.not_after", "is", null),
        where("certificate.not_after", ">=", expired.at),
      ]),
    );
  return (await select.execute()).map(fromRow);
}

/** The certificates with these serial numbers, in no order; one that was never issued is absent. */
export function selectCertificatesBySerialNumbers(
  tx: Tx,
  serialNumbers: readonly SerialNumber[],
): Promise<KnownCertificate[]> {
  return selectEach(tx, serialNumbers, sql`certificate.serial_number = asked.octets`, 1);
}

/** The Device Certificates of these Devices, those of each together and its newest first, so many of each at the most. */
export function selectCertificatesOfDevices(
  tx: Tx,
  deviceIds: readonly Eui64[],
  limit: number,
): Promise<KnownCertificate[]> {
  const isOfDevice = sql`certificate.subject_identifier = asked.octets and certificate.kind = 'device'`;
  return selectEach(tx, deviceIds, isOfDevice, limit);
}

async function selectEach(
  tx: Tx,
  asked: readonly string[],
  condition: RawBuilder<unknown>,
  limit: number,
): Promise<KnownCertificate[]> {
  const octets = byteaArray(asked.map((hexadecimal) => Buffer.from(hexadecimal, "hex")));
  // Each by the index: with the list as one condition the planner may come to read a whole table.
  const { rows } = await sql<KnownRow>`${prepared}
    select found.* from unnest(${octets}::bytea[]) with ordinality asked (octets, place)
    cross join lateral (
      select certificate.*, revocation.revoked_at, revocation.reason, unused.serial_number as unused
      from certificate
      left join revocation on revocation.serial_number = certificate.serial_number
      left join certificate_not_in_use unused on unused.serial_number = certificate.serial_number
      where ${condition} order by certificate.serial_number desc limit ${limit}
    ) found
    order by asked.place, found.serial_number desc`.execute(tx);
  return rows.map(fromRow);
}

type KnownRow = CertificateTables["certificate"] & {
  readonly revoked_at: Date | null;
  readonly reason: string | null;
  readonly unused: Buffer | null;
};

function fromRow(row: KnownRow): KnownCertificate {
  return {
    serialNumber: serialNumberFromOctets(row.serial_number),
    kind: row.kind,
    authorityId: row.authority_id,
    usage: row.usage,
    notBefore: row.not_before,
    lodgedAt: row.lodged_at,
    certificate: row.certificate,
    notInUse: row.unused !== null,
    ...(row.subject_identifier === null
      ? {}
      : { subjectIdentifier: eui64FromOctets(row.subject_identifier) }),
    ...(row.role === null ? {} : { role: remotePartyRole(row.role) }),
    ...(row.not_after === null ? {} : { notAfter: row.not_after }),
    ...(row.party_id === null ? {} : { partyId: row.party_id }),
    ...(row.revoked_at === null ? {} : { revokedAt: row.revoked_at }),
    ...(row.reason === null ? {} : { revocationReason: row.reason }),
  };
}
