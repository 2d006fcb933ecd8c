import { parseCertificate, readFields } from "../../certificates/index.ts";
import type { Tx } from "../../database/transaction.ts";
import type { Act } from "../../ledger/act.ts";
import type { Authority } from "../authority.ts";
import { insertAuthority } from "../authority-store.ts";
import { certificateRow, insertCertificates } from "../certificate-store.ts";
import { issuedAct } from "../issuing/publish.ts";

/** Writes CAs and their certificates; they are lodged with the transaction. @returns their acts */
export async function lodgeAuthorities(
  tx: Tx,
  authorities: readonly Authority[],
  ceremonyId: number,
  at: Date,
): Promise<Act[]> {
  for (const authority of authorities) await insertAuthority(tx, authority, ceremonyId);
  const rows = authorities.map((authority) => {
    const certificate = parseCertificate(authority.certificate);
    return certificateRow(certificate, readFields(certificate), authority.issuerId, undefined, at);
  });
  await insertCertificates(tx, rows);
  return rows.map((row) => issuedAct(row, `ceremony/${String(ceremonyId)}`, { requestedBy: "ceremony", at }));
}
