import { sql } from "kysely";
import type { Tx } from "../database/transaction.ts";

/** Up to which numbers of CAs may have been given out by ceremonies that a restore knows nothing of. */
export interface NumberFloors {
  /** Of Issuing DCAs. */
  readonly issuingDcaFloor: number;
  /** Of CAs that took the place of a revoked one. */
  readonly replacementFloor: number;
}

/** A restore, as it is recorded in the database that it made. */
export interface Restoration extends NumberFloors {
  readonly restoredAt: Date;
  /** The moment that the back-up shows. */
  readonly takenAt: Date;
  /** SHA-256 of the back-up's manifest, in hexadecimal. */
  readonly manifest: string;
  /** The ledger's origin up to here, where acts may have been lost. */
  readonly formerOrigin?: string;
}

/** Records a restore. */
export async function recordRestoration(tx: Tx, restoration: Restoration): Promise<void> {
  const { restoredAt, takenAt, manifest, formerOrigin, issuingDcaFloor, replacementFloor } = restoration;
  await sql`
    insert into restoration (restored_at, taken_at, manifest, former_origin, issuing_dca_floor, replacement_floor)
    values (${restoredAt}, ${takenAt}, ${Buffer.from(manifest, "hex")}, ${formerOrigin ?? null}, ${issuingDcaFloor},
      ${replacementFloor})`.execute(tx);
}

/** The highest numbers that a ceremony may have given out after a back-up; 0 where none was restored. */
export async function numberFloors(tx: Tx): Promise<NumberFloors> {
  const { rows } = await sql<NumberFloors>`
    select coalesce(max(issuing_dca_floor), 0) as "issuingDcaFloor",
      coalesce(max(replacement_floor), 0) as "replacementFloor" from restoration`.execute(tx);
  return rows[0] ?? { issuingDcaFloor: 0, replacementFloor: 0 };
}

/** When the estate was last restored with acts that are or may be lost; undefined where it never was. */
export async function lastLoss(tx: Tx): Promise<Date | undefined> {
  const { rows } = await sql<{ at: Date | null }>`
    select max(restored_at) as at from restoration where former_origin is not null`.execute(tx);
  return rows[0]?.at ?? undefined;
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
