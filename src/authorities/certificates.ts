import type { Eui64, SerialNumber } from "../certificates/index.ts";
import type { Tx } from "../database/transaction.ts";
import type { Authority } from "./authority.ts";
import {
  type CertificateQuery,
  digestOf,
  type KnownCertificate,
  selectCertificates,
  selectCertificatesBySerialNumbers,
  selectCertificatesOfDevices,
  selectOctets,
} from "./certificate-store.ts";
import { selectPendingCertificates } from "./issuing/pending.ts";
import {
  currentList,
  currentListRecord,
  type ListRecord,
  type PublishedList,
} from "./revocation/list-store.ts";

import { rebuildList } from "./revocation/rebuild-list.ts";

export type { CertificateStanding, CertificateUsage, KnownCertificate } from "./certificate-store.ts";
export { certificateRow } from "./certificate-store.ts";
export type { ListRecord, PublishedList } from "./revocation/list-store.ts";

/** Certificates that were issued and match, newest first, with what has been said of them since. */
export function findCertificates(tx: Tx, query: CertificateQuery): Promise<KnownCertificate[]> {
  return selectCertificates(tx, query);
}

/** The certificates with these serial numbers, with what has been said of them since; one that was never issued is absent. */
export async function certificatesBySerialNumber(
  tx: Tx,
  serialNumbers: readonly SerialNumber[],
): Promise<ReadonlyMap<SerialNumber, KnownCertificate>> {
  const found = await selectCertificatesBySerialNumbers(tx, serialNumbers);
  return new Map(found.map((certificate) => [certificate.serialNumber, certificate]));
}

/** The Device Certificates of each of these Devices, newest first, so many of each at the most. */
export async function certificatesOfDevices(
  tx: Tx,
  deviceIds: readonly Eui64[],
  limit: number,
): Promise<ReadonlyMap<Eui64 | undefined, readonly KnownCertificate[]>> {
  // A Device that is asked for twice is looked up once.
  const found = await selectCertificatesOfDevices(tx, [...new Set(deviceIds)], limit);
  return Map.groupBy(found, ({ subjectIdentifier }) => subjectIdentifier);
}

/** The octets of many certificates, DER, by serial number; one that was never issued is absent. */
export function certificateOctets(
  tx: Tx,
  serialNumbers: readonly SerialNumber[],
): Promise<Map<SerialNumber, Buffer>> {
  return selectOctets(tx, serialNumbers);
}

/** Certificates that stand recorded to be signed and match; without their octets, which do not exist yet. */
export function findPendingCertificates(tx: Tx, query: CertificateQuery) {
  return selectPendingCertificates(tx, query);
}

/** The current CRL or ARL of a CA; undefined when it has none. */
export function currentListOf(tx: Tx, authorityId: string): Promise<PublishedList | undefined> {
  return currentList(tx, authorityId);
}

/** What is said of the current CRL or ARL of a CA, without its octets; undefined when it has none. */
export function currentListRecordOf(tx: Tx, authorityId: string): Promise<ListRecord | undefined> {
  return currentListRecord(tx, authorityId);
}

/** A list of a CA as it was published, current or not, octet for octet. @throws SmkiError LIST_NUMBER_UNKNOWN */
export function listOfNumber(tx: Tx, authority: Authority, number: number): Promise<Buffer> {
  return rebuildList(tx, authority, number);
}

/**
 * Whether a certificate that somebody presents is the one that was issued here under its serial number, octet for
 * octet: another CA, or a forger with a CA's key, can give any serial number to any public key.
 *
 * @param sha256Hex - SHA-256 of the presented certificate's DER, in hexadecimal
 */
export async function presentedIsOurs(
  tx: Tx,
  serialNumber: SerialNumber,
  sha256Hex: string,
): Promise<boolean> {
  return (await digestOf(tx, serialNumber)) === sha256Hex.toLowerCase();
}
