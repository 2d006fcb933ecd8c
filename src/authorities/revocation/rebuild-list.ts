import { assembleCrl, buildTbsCrlOfEntries, parseCrl, profileRules } from "../../certificates/index.ts";
import type { Tx } from "../../database/transaction.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import type { Authority } from "../authority.ts";
import { type Issuer, issuerOf } from "../issuing/issuer.ts";
import { keptOctets, type ListRecord, listRecord } from "./list-store.ts";
import { type ListedEntries, readListedEntries } from "./listed-entries.ts";

/**
 * The octets to be signed of a list: of what is kept of it, of what the CA's certificate says, and of the entries up
 * to its number. They never change for the same list, whatever release builds them: a list that was signed once must
 * come out again.
 */
export function tbsOfList(
  { fields, keyIdentifier }: Issuer,
  { number, thisUpdate, nextUpdate }: Omit<ListRecord, "signature" | "entries">,
  entries: ListedEntries,
): Buffer {
  const head = {
    issuer: fields.subject,
    algorithm: profileRules[fields.profile].signatureAlgorithm,
    thisUpdate,
    nextUpdate,
    number: BigInt(number),
    authorityKeyIdentifier: keyIdentifier,
  };
  return buildTbsCrlOfEntries(head, entries.upTo(number).encoded);
}

/**
 * A list as it was published, octet for octet: kept for the current one, made again for any other.
 *
 * @throws SmkiError LIST_NUMBER_UNKNOWN
 */
export async function rebuildList(tx: Tx, authority: Authority, number: number): Promise<Buffer> {
  const kept = await keptOctets(tx, authority.id, number);
  if (kept !== undefined) return kept;
  const record = await listRecord(tx, authority.id, number);
  if (record?.signature === undefined)
    throw new SmkiError("LIST_NUMBER_UNKNOWN", { authority: authority.id, number });
  return octetsOfList(authority, record, record.signature, await readListedEntries(tx, authority.id));
}

/** As {@link rebuildList}, of entries that are read already: for many lists of one CA. */
export function octetsOfList(
  authority: Authority,
  record: ListRecord,
  signature: Buffer,
  entries: ListedEntries,
): Buffer {
  return assembleCrl(tbsOfList(issuerOf(authority), record, entries), signature);
}

/** The signature of a list, out of its octets where it is not kept by itself. */
export async function signatureOfList(tx: Tx, record: ListRecord): Promise<Buffer> {
  const { authorityId: authority, number } = record;
  if (record.signature !== undefined) return record.signature;
  const kept = await keptOctets(tx, authority, number);
  if (kept === undefined)
    throw new SmkiError("DATABASE_ROW_DAMAGED", { table: "certificate_revocation_list", authority, number });
  return parseCrl(kept).signatureValue;
}
