import { sql } from "kysely";
import type { Tx } from "../../database/transaction.ts";
import { nextLeaf } from "../find-act.ts";

/** A certificate whose act is looked for. */
export interface RecordedCertificate {
  /** The serial number's octets in lower-case hex. */
  readonly serialNumber: string;
  /** SHA-256 of its DER, in lower-case hex. */
  readonly sha256: string;
  /** When the act says that it was issued: where to look first. */
  readonly issuedAt: Date;
}

const firstWindow = 4_096;
const growth = 8;
// Where the canonical form has the time of an act: {"at":"2026-11-23T19:14:33.000Z", and so on.
const timeAt = 8;
const timeLength = 24;

/**
 * The leaf of the act of issuing a certificate. No index leads from a serial number to its leaf: keeping one would cost
 * each issuing a random place on the disk, for a question that is seldom asked. Leaves are nearly in the order of time,
 * so that it is found among the neighbours of that time; where it is not, more and more of them are read.
 *
 * @returns `open` while it has no leaf; undefined when there is none at all
 */
export async function findCertificateLeaf(
  tx: Tx,
  certificate: RecordedCertificate,
): Promise<number | "open" | undefined> {
  const size = await nextLeaf(tx);
  const near = await firstLeafNotBefore(tx, certificate.issuedAt.toISOString(), size);
  for (let window = firstWindow; ; window *= growth) {
    const leaf = await findBetween(tx, near - window, near + window, certificate);
    if (leaf !== undefined) return leaf;
    // One that was issued this second has no leaf yet: that is found out before the whole ledger is read for it.
    if (window === firstWindow && (await isOpen(tx, certificate))) return "open";
    if (near - window <= 0 && near + window >= size) return undefined;
  }
}

async function isOpen(tx: Tx, certificate: RecordedCertificate): Promise<boolean> {
  const { rows } = await sql<{ open: boolean }>`
    select exists (select from ledger_inbox where ${mentions(certificate)}) as open`.execute(tx);
  return rows[0]?.open === true;
}

async function findBetween(
  tx: Tx,
  from: number,
  to: number,
  certificate: RecordedCertificate,
): Promise<number | undefined> {
  const { rows } = await sql<{ leaf: number }>`
    select leaf from ledger_entry where leaf >= ${from} and leaf < ${to} and ${mentions(certificate)}
    order by leaf limit 1`.execute(tx);
  return rows[0]?.leaf;
}

/** The members of the act's subject, in the canonical form's spelling. */
const mentions = ({ serialNumber, sha256 }: RecordedCertificate) => sql<boolean>`
  position(${Buffer.from(`"kind":"certificate.issued"`)} in entry) > 0
  and position(${Buffer.from(`"certificate":"${sha256}"`)} in entry) > 0
  and position(${Buffer.from(`"serialNumber":"${serialNumber}"`)} in entry) > 0`;

/** About where acts of that time begin; a search by halves, which takes the order to be better than it is. */
async function firstLeafNotBefore(tx: Tx, time: string, size: number): Promise<number> {
  let [low, high] = [0, size];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const { rows } = await sql<{ at: Buffer }>`
      select substr(entry, ${timeAt}, ${timeLength}) as at from ledger_entry where leaf = ${middle}`.execute(
      tx,
    );
    if ((rows[0]?.at.toString("latin1") ?? "") < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
