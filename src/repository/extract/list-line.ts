import type { Authority } from "../../authorities/authorities.ts";
import { listOfNumber } from "../../authorities/certificates.ts";
import type { Tx } from "../../database/transaction.ts";

/** A CRL or ARL as a line of the file of lists. */
export async function listLine(tx: Tx, authority: Authority, number: number): Promise<string> {
  const list = await listOfNumber(tx, authority, number);
  return [authority.id, String(number), list.toString("base64")].join(",");
}
