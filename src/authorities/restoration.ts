import { sql } from "kysely";
import type { Tx } from "../database/transaction.ts";

/** A restore, as it is recorded in the database that it made. */
export interface Restoration {
  readonly restoredAt: Date;
  /** The moment that the back-up shows. */
  readonly takenAt: Date;
  /** SHA-256 of the back-up's manifest, in hexadecimal. */
  readonly manifest: string;
  /** The ledger's origin up to here, where acts may have been lost. */
  readonly formerOrigin?: string;
  /** Numbers of Issuing DCAs up to this one may have been given out. */
  readonly issuingDcaFloor: number;
}

/** Records a restore. */
export async function recordRestoration(tx: Tx, restoration: Restoration): Promise<void> {
  const { restoredAt, takenAt, manifest, formerOrigin, issuingDcaFloor } = restoration;
  await sql`
    insert into restoration (restored_at, taken_at, manifest, former_origin, issuing_dca_floor)
    values (${restoredAt}, ${takenAt}, ${Buffer.from(manifest, "hex")}, ${formerOrigin ?? null}, ${issuingDcaFloor})`.execute(
    tx,
  );
}

/** The highest number of an Issuing DCA that a ceremony may have given out after a back-up; 0 where none was restored. */
export async function issuingDcaFloor(tx: Tx): Promise<number> {
  const { rows } = await sql<{ floor: number }>`
    select coalesce(max(issuing_dca_floor), 0) as floor from restoration`.execute(tx);
  return rows[0]?.floor ?? 0;
}

/** One list of a CA may have been published in each of these, at the very most, in milliseconds. */
const fastestList = 1;
/** Clocks of two machines, or of one before and after, differ by less, in milliseconds. */
const clockMargin = 3_600_000;

/**
 * Makes the next list of every CA that has one bear a number above any that may have been published since the back-up
 * (RFC 5280 5.2.3: numbers rise; they may have 20 octets). Who relies on lists refuses one with a lower number than
 * the last it saw, so that a revocation would not reach it.
 *
 * Those lists are not known, so their count is bounded from above. A list is made under a lock, signed and committed,
 * and each worker looks for one that is due once a second: one a millisecond is more than any estate can make. The
 * number stays small for all that: a restore of a year-old back-up skips 3 × 10^10 of 10^48.
 *
 * @param takenAt - the moment that the back-up shows
 * @param now - the moment of the restore
 */
export async function raiseListNumbers(tx: Tx, takenAt: Date, now: Date): Promise<void> {
  const skipped = Math.ceil((Math.max(0, now.getTime() - takenAt.getTime()) + clockMargin) / fastestList);
  await sql`
    insert into list_number_floor (authority_id, number)
    select authority_id, max(number) + ${skipped} from certificate_revocation_list group by authority_id
    on conflict (authority_id) do update
      set number = greatest(list_number_floor.number, excluded.number)`.execute(tx);
}

/** What the next list's number must be above; 0 where no restore says so. */
export async function listNumberFloor(tx: Tx, authorityId: string): Promise<number> {
  const { rows } = await sql<{ number: number }>`
    select number from list_number_floor where authority_id = ${authorityId}`.execute(tx);
  return rows[0]?.number ?? 0;
}
