import { sql } from "kysely";
import type { Estate } from "../estate/estate.ts";

/** Alters one byte of one stored Device Certificate behind everyone's back. @returns what was done */
export async function alterStoredByte({ database }: Estate): Promise<string> {
  const serial = await database.transaction(async (tx) => {
    const { rows } = await sql<{ serial: string }>`
      update certificate set certificate = set_byte(certificate, 200, get_byte(certificate, 200) # 1)
      where serial_number = (select serial_number from certificate where kind = 'device' limit 1)
      returning encode(serial_number, 'hex') as serial`.execute(tx);
    return rows[0]?.serial ?? "none";
  });
  return `one byte of the stored certificate ${serial} was altered, as asked`;
}
