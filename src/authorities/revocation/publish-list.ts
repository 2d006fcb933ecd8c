import { hash } from "node:crypto";
import {
  assembleCrl,
  buildTbsCrl,
  parseCrl,
  profileRules,
  readCrlFields,
  verifyCrlSignature,
} from "../../certificates/index.ts";
import type { Database } from "../../database/connect.ts";
import type { Tx } from "../../database/transaction.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import type { Signer } from "../../keys/signer.ts";
import { recordActs } from "../../ledger/record-acts.ts";
import type { Clock } from "../../time/clock.ts";
import type { Authority } from "../authority.ts";
import { requireClockNotBack } from "../clock-guard.ts";
import { type Issuer, issuerOf } from "../issuing/issuer.ts";
import { wholeSecond } from "../issuing/validity.ts";
import { type ListSchedule, listDue, listValidUntil } from "./list-due.ts";
import {
  countRevocations,
  currentList,
  currentListState,
  insertList,
  lockListOf,
  type PublishedList,
  type Revocation,
  selectRevocations,
} from "./list-store.ts";

/**
 * The steps of making a list, each with a name for the tests that stop it there. Up to `publishing` nothing of it is
 * durable; `published` comes after the commit.
 */
export const listSteps = ["collected", "built", "signed", "publishing", "published"] as const;
export type ListStep = (typeof listSteps)[number];

/** Called after each step; for tests, which stop the process there. */
export type AfterListStep = (step: ListStep) => Promise<void> | void;

/** What making a list in a transaction of its own works with. */
export interface ListMaking extends ListTime {
  readonly database: Database;
  readonly signer: Signer;
}

/** As {@link publishListIfDue}, in a transaction of its own: what it gives is durable, and is served from then on. */
export async function publishDueList(
  { database, signer, ...time }: ListMaking,
  authority: Authority,
  schedule: ListSchedule,
): Promise<PublishedList | undefined> {
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
 * @throws SmkiError CLOCK_WENT_BACK, LIST_WOULD_SHRINK, OWN_SIGNATURE_INVALID, KEY_NOT_FOUND, KEY_STORE_UNAVAILABLE
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
  const current = await currentListState(tx, authority.id);
  const due = listDue({ current, revocations: await countRevocations(tx, authority.id) }, schedule, now);
  if (due === undefined) return undefined;
  return publishList(tx, signer, authority, schedule, now, due, afterStep);
}

/** Where a list's time comes from. */
export interface ListTime {
  readonly clock: Clock;
  /** How far clocks of several machines may differ. */
  readonly toleranceSeconds: number;
  readonly afterStep?: AfterListStep;
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
  const current = await currentList(tx, authority.id);
  const revocations = await selectRevocations(tx, authority.id);
  if (current !== undefined) requireNoneLost(current, revocations);
  await afterStep?.("collected");
  const thisUpdate = wholeSecond(now);
  const list = {
    authorityId: authority.id,
    // One higher than the last, always (RFC 5280 5.2.3).
    number: (current?.number ?? 0) + 1,
    thisUpdate,
    nextUpdate: listValidUntil(thisUpdate, schedule),
    entries: revocations.length,
  };
  const published = {
    ...list,
    list: await signList(signer, issuerOf(authority), list, revocations, afterStep),
  };
  await afterStep?.("signed");
  await insertList(tx, published);
  await recordActs(tx, [
    {
      kind: "list.published",
      at: now,
      by: "system",
      subject: {
        authority: authority.id,
        number: list.number,
        entries: list.entries,
        list: hash("sha256", published.list, "hex"),
        because,
      },
    },
  ]);
  await afterStep?.("publishing");
  return published;
}

/**
 * Nothing is ever taken off a list: whoever relies on it would take what was revoked for good again. An expired
 * certificate stays on it too.
 */
function requireNoneLost(current: PublishedList, revocations: readonly Revocation[]): void {
  const kept = new Set(revocations.map(({ serialNumber }) => serialNumber));
  const lost = readCrlFields(parseCrl(current.list)).revoked.find(
    ({ serialNumber }) => !kept.has(serialNumber),
  );
  if (lost !== undefined || kept.size < current.entries)
    throw new SmkiError("LIST_WOULD_SHRINK", {
      authority: current.authorityId,
      number: current.number,
      ...(lost === undefined ? {} : { serialNumber: lost.serialNumber }),
    });
}

async function signList(
  signer: Signer,
  issuer: Issuer,
  list: Omit<PublishedList, "list">,
  revocations: readonly Revocation[],
  afterStep: AfterListStep | undefined,
): Promise<Buffer> {
  const toBeSigned = buildTbsCrl({
    issuer: issuer.fields.subject,
    algorithm: profileRules[issuer.fields.profile].signatureAlgorithm,
    thisUpdate: list.thisUpdate,
    nextUpdate: list.nextUpdate,
    number: BigInt(list.number),
    authorityKeyIdentifier: issuer.keyIdentifier,
    revoked: revocations.map(({ serialNumber, revokedAt, reason }) => ({
      serialNumber,
      revocationDate: wholeSecond(revokedAt),
      reason,
    })),
  });
  await afterStep?.("built");
  const der = assembleCrl(toBeSigned, await signer.sign(issuer.authority.keyLabel, toBeSigned));
  if (!verifyCrlSignature(parseCrl(der), issuer.publicKey))
    throw new SmkiError("OWN_SIGNATURE_INVALID", { authority: issuer.authority.id });
  return der;
}
