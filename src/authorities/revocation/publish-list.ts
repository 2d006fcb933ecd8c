import { hash } from "node:crypto";
import type { Database } from "../../database/connect.ts";
import type { Tx } from "../../database/transaction.ts";
import type { Signer } from "../../keys/signer.ts";
import { recordActs } from "../../ledger/record-acts.ts";
import type { Clock } from "../../time/clock.ts";
import type { Authority } from "../authority.ts";
import { requireClockNotBack } from "../clock-guard.ts";
import { issuerOf } from "../issuing/issuer.ts";
import { wholeSecond } from "../issuing/validity.ts";
import { listNumberFloor } from "../restoration.ts";
import { requireCurrentKept } from "./current-kept.ts";
import { type ListSchedule, listDue, listValidUntil } from "./list-due.ts";
import {
  currentListRecord,
  insertList,
  type ListRecord,
  lockListOf,
  type PublishedList,
} from "./list-store.ts";
import { readListedEntries } from "./listed-entries.ts";
import { tbsOfList } from "./rebuild-list.ts";
import { hasUnlisted, markListed } from "./revocation-store.ts";
import { lintBeforeSigning, signAndCompare } from "./sign-list.ts";

/**
 * The steps of making a list, each with a name for the tests that stop it there. Up to `publishing` nothing of it is
 * durable; `published` comes after the commit.
 */
export const listSteps = ["collected", "built", "signed", "publishing", "published"] as const;
export type ListStep = (typeof listSteps)[number];

/** Called after each step; for tests, which stop the process there, and for measuring. */
export type AfterListStep = (step: ListStep) => Promise<void> | void;

/** Where a list's time comes from. */
export interface ListTime {
  readonly clock: Clock;
  /** How far clocks of several machines may differ. */
  readonly toleranceSeconds: number;
  readonly afterStep?: AfterListStep;
}

/** What making a list in a transaction of its own works with. */
export interface ListMaking extends ListTime {
  readonly database: Database;
  readonly signer: Signer;
}

/**
 * Makes the CA's list if one is due, in a transaction of its own: what it gives is durable, and is served from then
 * on. When none is due, which is asked each second, it costs two looks into indexes, whatever the list's size.
 *
 * @returns the new list, or undefined when none was due
 * @throws SmkiError as {@link publishListIfDue}
 */
export async function publishDueList(
  { database, signer, ...time }: ListMaking,
  authority: Authority,
  schedule: ListSchedule,
): Promise<PublishedList | undefined> {
  const due = await database.read((tx) => listDueNow(tx, authority.id, schedule, time.clock()));
  if (due === undefined) return undefined;
  const list = await database.transaction((tx) => publishListIfDue(tx, signer, authority, schedule, time));
  if (list !== undefined) await time.afterStep?.("published");
  return list;
}

/**
 * Makes the CA's list if one is due. One transaction under a lock of its own, so that two workers make it
 * once and its numbers rise one by one. A crash before its commit leaves the list before; a list is never
 * served half.
 *
 * @returns the new list, or undefined when none was due
 * @throws SmkiError CLOCK_WENT_BACK, LIST_WOULD_SHRINK, LIST_REVOCATIONS_ALTERED, LIST_LINT_FINDING,
 *   OWN_SIGNATURE_INVALID, KEY_NOT_FOUND, KEY_STORE_UNAVAILABLE
 */
export async function publishListIfDue(
  tx: Tx,
  signer: Signer,
  authority: Authority,
  schedule: ListSchedule,
  { clock, toleranceSeconds, afterStep }: ListTime,
): Promise<PublishedList | undefined> {
  await lockListOf(tx, authority.id);
  // Only now: the lock may have been waited for, and a list made meanwhile bears a later time than before the wait.
  const now = clock();
  await requireClockNotBack(tx, now, toleranceSeconds);
  const due = await listDueNow(tx, authority.id, schedule, now);
  // Before the work on a list of any size: this is tried again each second until the key is there.
  if (due !== undefined) await signer.findKey(authority.keyLabel);
  return due && publishList(tx, signer, authority, schedule, now, due, afterStep);
}

async function listDueNow(tx: Tx, authorityId: string, schedule: ListSchedule, now: Date) {
  const current = await currentListRecord(tx, authorityId);
  const isRestored = (current?.number ?? 0) <= (await listNumberFloor(tx, authorityId));
  return listDue({ current, hasUnlisted: await hasUnlisted(tx, authorityId), isRestored }, schedule, now);
}

/**
 * The number of the list to come: one higher than the last, always (RFC 5280 5.2.3).
 *
 * @param current - what is known of the last one
 * @param floor - after a restore, the highest number that may have been published of lists that are not known
 */
function nextListNumber(current: ListRecord | undefined, floor: number): number {
  return Math.max(current?.number ?? 0, floor) + 1;
}

/** Makes and publishes the CA's list now: in a ceremony for an ARL, or because it is due. */
export async function publishList(
  tx: Tx,
  signer: Signer,
  authority: Authority,
  schedule: ListSchedule,
  now: Date,
  because: string,
  afterStep?: AfterListStep,
): Promise<PublishedList> {
  await lockListOf(tx, authority.id);
  const issuer = issuerOf(authority);
  const current = await currentListRecord(tx, authority.id);
  const number = nextListNumber(current, await listNumberFloor(tx, authority.id));
  // All that is committed at this moment, together: however many were revoked since the last list, this one has them.
  await markListed(tx, authority.id, number);
  const entries = await readListedEntries(tx, authority.id);
  if (current !== undefined) await requireCurrentKept(tx, issuer, current, entries);
  await afterStep?.("collected");

  const thisUpdate = wholeSecond(now);
  const list = {
    authorityId: authority.id,
    number,
    thisUpdate,
    nextUpdate: listValidUntil(thisUpdate, schedule),
    entries: entries.upTo(number).count,
  };
  const signable = await lintBeforeSigning(issuer, tbsOfList(issuer, list, entries));
  await afterStep?.("built");

  // A crash from here to the commit leaves a signed list that nobody has seen: the next one bears the same number.
  const signed = await signAndCompare(signer, issuer, signable);
  await afterStep?.("signed");

  const published = { ...list, ...signed };
  await insertList(tx, published);
  await recordActs(tx, [
    {
      kind: "list.published",
      at: now,
      by: "system",
      subject: {
        authority: authority.id,
        number,
        entries: list.entries,
        list: hash("sha256", signed.list, "hex"),
        because,
      },
    },
  ]);
  await afterStep?.("publishing");
  return published;
}
