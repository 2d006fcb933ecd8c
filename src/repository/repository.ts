import { type Authority, listAuthorities } from "../authorities/authorities.ts";
import {
  type CertificateUsage,
  certificatesBySerialNumber,
  certificatesOfDevices,
  currentListOf,
  currentListRecordOf,
  findCertificates,
  findPendingCertificates,
  type KnownCertificate,
  type ListRecord,
  listOfNumber,
  type PublishedList,
} from "../authorities/certificates.ts";
import type { Eui64, RemotePartyRole, SerialNumber } from "../certificates/index.ts";
import type { Tx } from "../database/transaction.ts";
import { SmkiError } from "../errors/smki-error.ts";
import { type CertificateStatus, certificateStatus, standingOf } from "./status.ts";

export type { ListRecord, PublishedList as RevocationList } from "../authorities/certificates.ts";

/** What a relying party looks for; every part narrows, and at least one is given. */
export interface CertificateSearch {
  readonly device?: Eui64;
  readonly organisation?: Eui64;
  readonly role?: RemotePartyRole;
  readonly usage?: CertificateUsage;
  readonly status?: CertificateStatus;
  readonly serialNumber?: SerialNumber;
}

/** A certificate in the repository, with its status now. */
export interface RepositoryCertificate extends KnownCertificate {
  readonly status: CertificateStatus;
}

/** Certificates in one answer at the most; a search that would give more should be narrowed. */
const searchLimit = 1_000;

/**
 * Searches the repository, newest first.
 *
 * @throws SmkiError SEARCH_EMPTY when nothing is asked for
 */
export async function searchCertificates(
  tx: Tx,
  search: CertificateSearch,
  now: Date,
): Promise<RepositoryCertificate[]> {
  if (Object.keys(search).length === 0) throw new SmkiError("SEARCH_EMPTY");
  const { status } = search;
  const query = { ...queryOf(search), limit: searchLimit };
  if (status === "P") {
    const pending = await findPendingCertificates(tx, query);
    return pending.map((certificate) => ({ ...certificate, notInUse: false, status }));
  }
  // By the database, since the limit counts only what was asked for.
  const standing = status === undefined ? {} : { standing: standingOf(status, now) };
  const found = await findCertificates(tx, { ...query, ...standing });
  return found.map((certificate) => ({ ...certificate, status: certificateStatus(certificate, now) }));
}

function queryOf({ device, organisation, status: _, ...rest }: CertificateSearch) {
  if (device !== undefined) return { ...rest, kind: "device", subjectIdentifier: device } as const;
  if (organisation !== undefined)
    return { ...rest, kind: "organisation", subjectIdentifier: organisation } as const;
  // Only these have a role, or are a CA's: named, so that the index finds them among millions of Device Certificates.
  if (rest.role !== undefined) return { ...rest, kind: "organisation" } as const;
  if (rest.usage === "CA") return { ...rest, kind: "authority" } as const;
  return rest;
}

/** The certificate with that serial number. @throws SmkiError CERTIFICATE_NOT_FOUND */
export async function retrieveCertificate(
  tx: Tx,
  serialNumber: SerialNumber,
  now: Date,
): Promise<RepositoryCertificate> {
  const [certificate] = await retrieveCertificates(tx, [serialNumber], now);
  if (certificate === undefined || certificate instanceof SmkiError)
    throw certificate ?? new SmkiError("CERTIFICATE_NOT_FOUND", { serialNumber });
  return certificate;
}

/** Certificates by their serial numbers, in that order; CERTIFICATE_NOT_FOUND in the place of one that is not there. */
export async function retrieveCertificates(
  tx: Tx,
  serialNumbers: readonly SerialNumber[],
  now: Date,
): Promise<(RepositoryCertificate | SmkiError)[]> {
  const found = await certificatesBySerialNumber(tx, serialNumbers);
  return serialNumbers.map((serialNumber) => {
    const certificate = found.get(serialNumber);
    if (certificate === undefined) return new SmkiError("CERTIFICATE_NOT_FOUND", { serialNumber });
    return { ...certificate, status: certificateStatus(certificate, now) };
  });
}

/** The certificates of each of these Devices, in that order, newest first: as {@link searchCertificates} by Device alone. */
export async function searchDevices(
  tx: Tx,
  devices: readonly Eui64[],
  now: Date,
): Promise<RepositoryCertificate[][]> {
  const found = await certificatesOfDevices(tx, devices, searchLimit);
  return devices.map((device) =>
    (found.get(device) ?? []).map((certificate) => ({
      ...certificate,
      status: certificateStatus(certificate, now),
    })),
  );
}

/** The CAs of the estate that issue, have issued or may issue at any time: the stock does none of it until it is released. */
export async function issuerCertificates(tx: Tx): Promise<Authority[]> {
  const authorities = await listAuthorities(tx);
  return authorities.filter(({ state }) => state !== "stock");
}

/** One CA's certificate. @throws SmkiError AUTHORITY_NOT_FOUND */
export async function issuerCertificate(tx: Tx, id: string): Promise<Authority> {
  const authority = (await issuerCertificates(tx)).find((candidate) => candidate.id === id);
  if (authority === undefined) throw new SmkiError("AUTHORITY_NOT_FOUND", { authority: id });
  return authority;
}

/** The current CRL of an issuing CA, or ARL of a root. @throws SmkiError AUTHORITY_NOT_FOUND, LIST_NOT_FOUND */
export async function revocationList(tx: Tx, authorityId: string): Promise<PublishedList> {
  await issuerCertificate(tx, authorityId);
  const list = await currentListOf(tx, authorityId);
  if (list === undefined) throw new SmkiError("LIST_NOT_FOUND", { authority: authorityId });
  return list;
}

/** Any list that the CA ever published, DER. @throws SmkiError AUTHORITY_NOT_FOUND, LIST_NUMBER_UNKNOWN */
export async function earlierRevocationList(tx: Tx, authorityId: string, number: number): Promise<Buffer> {
  return listOfNumber(tx, await issuerCertificate(tx, authorityId), number);
}

/** What is said of a CA's current list, without its octets. @throws SmkiError AUTHORITY_NOT_FOUND, LIST_NOT_FOUND */
export async function revocationListRecord(tx: Tx, authorityId: string): Promise<ListRecord> {
  await issuerCertificate(tx, authorityId);
  const record = await currentListRecordOf(tx, authorityId);
  if (record === undefined) throw new SmkiError("LIST_NOT_FOUND", { authority: authorityId });
  return record;
}
