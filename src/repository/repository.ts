import type { Authority } from "../authorities/authority.ts";
import { selectAuthorities } from "../authorities/authority-store.ts";
import {
  type CertificateUsage,
  type KnownCertificate,
  type StoredKind,
  selectCertificates,
} from "../authorities/certificate-store.ts";
import { selectPendingCertificates } from "../authorities/issuing/pending.ts";
import { currentList, type PublishedList } from "../authorities/revocation/list-store.ts";
import type { Eui64, RemotePartyRole, SerialNumber } from "../certificates/index.ts";
import type { Tx } from "../database/transaction.ts";
import { SmkiError } from "../errors/smki-error.ts";
import { type CertificateStatus, certificateStatus } from "./status.ts";

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
export const searchLimit = 1_000;

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
  const { device, organisation, status, ...rest } = search;
  const subjectIdentifier = device ?? organisation;
  const kind: StoredKind | undefined =
    device !== undefined ? "device" : organisation !== undefined ? "organisation" : undefined;
  const query = {
    ...rest,
    ...(subjectIdentifier === undefined ? {} : { subjectIdentifier }),
    ...(kind === undefined ? {} : { kind }),
    limit: searchLimit,
  };
  if (status === "P") {
    const pending = await selectPendingCertificates(tx, query);
    return pending.map((certificate) => ({ ...certificate, notInUse: false, status }));
  }
  const found = await selectCertificates(tx, query);
  return found
    .map((certificate) => ({ ...certificate, status: certificateStatus(certificate, now) }))
    .filter((certificate) => status === undefined || certificate.status === status);
}

/** The certificate with that serial number. @throws SmkiError CERTIFICATE_NOT_FOUND */
export async function retrieveCertificate(
  tx: Tx,
  serialNumber: SerialNumber,
  now: Date,
): Promise<RepositoryCertificate> {
  const [certificate] = await selectCertificates(tx, { serialNumber, limit: 1 });
  if (certificate === undefined) throw new SmkiError("CERTIFICATE_NOT_FOUND", { serialNumber });
  return { ...certificate, status: certificateStatus(certificate, now) };
}

/** The CAs of the estate whose certificates are lodged; stock that is not released yet is not shown to anyone. */
export async function issuerCertificates(tx: Tx): Promise<Authority[]> {
  const authorities = await selectAuthorities(tx);
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
  const list = await currentList(tx, authorityId);
  if (list === undefined) throw new SmkiError("LIST_NOT_FOUND", { authority: authorityId });
  return list;
}
