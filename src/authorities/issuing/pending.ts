import { readFields } from "../../certificates/index.ts";
import type { Tx } from "../../database/transaction.ts";
import { issuingProfile } from "../authority.ts";
import { type CertificateQuery, certificateRow, type StoredCertificate } from "../certificate-store.ts";
import { openIntentIds, type RecordedIntent, selectOpenIntent } from "./intent-store.ts";
import { readIntended } from "./read-intended.ts";

/**
 * Certificates that stand recorded to be signed and are not lodged yet. Read from the open intents, of which
 * there are a handful at any time; only from those that hold what is asked for, one after another, up to the limit.
 *
 * @returns their rows, with no certificate: there is none yet
 */
export async function selectPendingCertificates(
  tx: Tx,
  query: CertificateQuery,
): Promise<StoredCertificate[]> {
  const { kind } = query;
  // Those of CAs are signed in ceremonies, and never stand recorded.
  if (kind === "authority") return [];
  const pending: StoredCertificate[] = [];
  const ids = await openIntentIds(tx, {
    ...(kind === undefined ? {} : { profile: issuingProfile[kind] }),
    ...(query.authorityId === undefined ? {} : { authorityId: query.authorityId }),
    holding: [query.subjectIdentifier, query.serialNumber].flatMap((hexadecimal) =>
      hexadecimal === undefined ? [] : [Buffer.from(hexadecimal, "hex")],
    ),
  });
  for (const id of ids) {
    const intent = await selectOpenIntent(tx, id);
    if (intent === undefined) continue;
    for (const toBeSigned of intent.toBeSigned) {
      const row = pendingRow(toBeSigned, intent);
      if (!matches(row, query)) continue;
      pending.push(row);
      if (pending.length === query.limit) return pending;
    }
  }
  return pending;
}

function pendingRow(toBeSigned: Buffer, { authorityId, recordedAt }: RecordedIntent): StoredCertificate {
  const certificate = readIntended(toBeSigned);
  const row = certificateRow(certificate, readFields(certificate), authorityId, undefined, recordedAt);
  return { ...row, certificate: Buffer.alloc(0) };
}

function matches(row: StoredCertificate, query: CertificateQuery): boolean {
  const parts = ["kind", "subjectIdentifier", "role", "usage", "serialNumber", "authorityId"] as const;
  return parts.every((part) => query[part] === undefined || query[part] === row[part]);
}
