import { hash } from "node:crypto";
import { sql } from "kysely";
import type { Tx } from "../database/transaction.ts";

const page = 5_000;

/**
 * Every certificate with the digest of the octets that are stored now, in the order of serial numbers: the
 * answer to the ledger's question, page by page.
 */
export async function* certificateDigests(
  tx: Tx,
): AsyncGenerator<{ readonly serialNumber: string; readonly derSha256: string }> {
  for (let after = Buffer.alloc(0); ; ) {
    const { rows } = await sql<{ serial_number: Buffer; certificate: Buffer }>`
      select serial_number, certificate from certificate
      where serial_number > ${after} order by serial_number limit ${page}`.execute(tx);
    for (const row of rows)
      yield {
        serialNumber: row.serial_number.toString("hex"),
        derSha256: hash("sha256", row.certificate, "hex"),
      };
    const last = rows.at(-1);
    if (last === undefined) return;
    after = Buffer.from(last.serial_number);
  }
}
