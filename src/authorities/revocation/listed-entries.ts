import { setImmediate as breathe } from "node:timers/promises";
import {
  type RevocationReason,
  RevokedEntryWriter,
  reasonCodes,
  serialNumberFromOctets,
} from "../../certificates/index.ts";
import type { Tx } from "../../database/transaction.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import { packedOctets, selectListed } from "./revocation-store.ts";

/** The beginning of a CA's entries that one of its lists has. */
export interface EntriesOfList {
  readonly count: number;
  /** Contents octets of revokedCertificates. */
  readonly encoded: Buffer;
}

/** Everything that stands on a CA's lists, encoded once: the entries of a list are the beginning of those of the next. */
export interface ListedEntries {
  /** Those of the list with that number. */
  upTo(number: number): EntriesOfList;
}

const reasons = Object.keys(reasonCodes) as RevocationReason[];
/** Some milliseconds of work, between which the process turns to what else it has to do. */
const entriesAtOnce = 20_000;

/**
 * Reads what stands on the CA's lists.
 *
 * @throws SmkiError DATABASE_ROW_DAMAGED for a reason that no list can give
 */
export async function readListedEntries(tx: Tx, authorityId: string): Promise<ListedEntries> {
  const packed = await selectListed(tx, authorityId, reasons);
  const total = packed.length / packedOctets;
  const writer = new RevokedEntryWriter(total);
  // Where the entries of a list end, for each list that lists something first; numbers rise.
  const ends: { readonly number: number; count: number; octets: number }[] = [];
  for (let entry = 0; entry < total; entry += 1) {
    if (entry % entriesAtOnce === entriesAtOnce - 1) await breathe();
    const at = entry * packedOctets;
    const number = Number(packed.readBigInt64BE(at));
    const reason = reasons[packed.readInt16BE(at + 32) - 1];
    if (reason === undefined) throw new SmkiError("DATABASE_ROW_DAMAGED", { table: "revocation" });
    writer.write({
      serialNumber: serialNumberFromOctets(packed.subarray(at + 8, at + 24)),
      revocationDate: new Date(Number(packed.readBigInt64BE(at + 24)) * 1000),
      reason,
    });
    const last = ends.at(-1);
    const end = { count: entry + 1, octets: writer.octets };
    if (last?.number === number) Object.assign(last, end);
    else ends.push({ number, ...end });
  }
  return {
    upTo: (number) => {
      const { count, octets } = ends.findLast((end) => end.number <= number) ?? { count: 0, octets: 0 };
      return { count, encoded: writer.entries(octets) };
    },
  };
}
