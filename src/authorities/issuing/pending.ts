import { assembleCertificate, parseCertificate, readFields } from "../../certificates/index.ts";
import type { Tx } from "../../database/transaction.ts";
import { type CertificateQuery, certificateRow, type StoredCertificate } from "../certificate-store.ts";
import { selectAllOpenIntents } from "./intent-store.ts";

/** Any well-formed signature: it lets the octets to be signed be read as a certificate, which is never given out. */
const placeholderSignature = Buffer.from("3006020101020101", "hex");

/**
 * Certificates that stand recorded to be signed and are not lodged yet. Read from the open intents, of which
 * there are a handful at any time.
 *
 * @returns their rows, with no certificate: there is none yet
 */
export async function selectPendingCertificates(
  tx: Tx,
  query: CertificateQuery,
): Promise<StoredCertificate[]> {
  const pending: StoredCertificate[] = [];
  for (const intent of await selectAllOpenIntents(tx))
    for (const toBeSigned of intent.toBeSigned) {
      const certificate = parseCertificate(assembleCertificate(toBeSigned, placeholderSignature));
      const row = certificateRow(
        certificate,
        readFields(certificate),
        intent.authorityId,
        undefined,
        intent.recordedAt,
      );
      if (matches(row, query) && pending.length < query.limit)
        pending.push({ ...row, certificate: Buffer.alloc(0) });
    }
  return pending;
}

function matches(row: StoredCertificate, query: CertificateQuery): boolean {
  const parts = ["kind", "subjectIdentifier", "role", "usage", "serialNumber", "authorityId"] as const;
  return parts.every((part) => query[part] === undefined || query[part] === row[part]);
}
