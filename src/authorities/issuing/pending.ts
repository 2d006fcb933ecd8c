import { readFields } from "../../certificates/index.ts";
import type { Tx } from "../../database/transaction.ts";
import { type CertificateQuery, certificateRow, type StoredCertificate } from "../certificate-store.ts";
import { selectAllOpenIntents } from "./intent-store.ts";
import { readIntended } from "./read-intended.ts";

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
      const certificate = readIntended(toBeSigned);
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
