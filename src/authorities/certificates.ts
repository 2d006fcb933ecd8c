import type { Tx } from "../database/transaction.ts";
import { type CertificateQuery, type KnownCertificate, selectCertificates } from "./certificate-store.ts";
import { selectPendingCertificates } from "./issuing/pending.ts";
import { currentList, type PublishedList } from "./revocation/list-store.ts";

export type { CertificateStanding, CertificateUsage, KnownCertificate } from "./certificate-store.ts";
export type { PublishedList } from "./revocation/list-store.ts";

/** Certificates that were issued and match, newest first, with what has been said of them since. */
export function findCertificates(tx: Tx, query: CertificateQuery): Promise<KnownCertificate[]> {
  return selectCertificates(tx, query);
}

/** Certificates that stand recorded to be signed and match; without their octets, which do not exist yet. */
export function findPendingCertificates(tx: Tx, query: CertificateQuery) {
  return selectPendingCertificates(tx, query);
}

/** The current CRL or ARL of a CA; undefined when it has none. */
export function currentListOf(tx: Tx, authorityId: string): Promise<PublishedList | undefined> {
  return currentList(tx, authorityId);
}
