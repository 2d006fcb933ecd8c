import type { SerialNumber } from "../../certificates/index.ts";
import type { Database } from "../../database/connect.ts";
import type { Tx } from "../../database/transaction.ts";
import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import type { Signer } from "../../keys/signer.ts";
import type { Clock } from "../../time/clock.ts";
import { type Allocation, allocate, type IssuingCap } from "../allocation.ts";
import { type CertificateKind, issuingProfile } from "../authority.ts";
import { selectAuthorities } from "../authority-store.ts";
import { requireClockNotBack } from "../clock-guard.ts";
import { type ComparedCertificate, compare, requireSignable } from "./compare.ts";
import { type IntendedCertificate, type IssuingTerms, intend, type PositionedSubject } from "./intend.ts";
import { requireRecorded } from "./intent-acts.ts";
import { type RecordedIntent, selectOpenIntents } from "./intent-store.ts";
import { issuerOf } from "./issuer.ts";
import { type Publication, publish } from "./publish.ts";
import { type IntendedAllocation, type Recorded, record } from "./record.ts";
import { sign } from "./sign.ts";

/** What the authorities need to issue: given by the app, never looked up. */
export interface IssuingAuthority {
  readonly database: Database;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly terms: IssuingTerms;
  readonly deviceCap: IssuingCap;
  readonly clockToleranceSeconds: number;
  /** For tests that stop the cycle on purpose: called as each step is reached, by its name. */
  readonly afterStep?: (step: IssuingStep) => void | Promise<void>;
}

/**
 * The steps of issuing, in order; `docs/issuance.md` tells what a crash after each leaves behind. `recording` and
 * `publishing` are the moments before the commits of `record` and `publish`: all is written, nothing is durable.
 */
export const issuingSteps = [
  "intend",
  "recording",
  "record",
  "sign",
  "compare",
  "publishing",
  "publish",
] as const;

export type IssuingStep = (typeof issuingSteps)[number];

/** A plan that went stale is made again this often before the chunk is left to the next round. */
const planAttempts = 8;

/**
 * Steps 1 and 2 for the checked CSRs of one chunk: spreads them over the CAs that may sign, builds what each
 * shall sign, and records it.
 *
 * @param alongside - what the caller writes in the same transaction
 * @returns undefined when no released Issuing DCA has room: nothing was recorded and the chunk waits
 * @throws SmkiError CLOCK_WENT_BACK, AUTHORITY_MISSING; KEY_NOT_FOUND when the key store lacks the key of a CA
 */
export async function intendAndRecord(
  authority: IssuingAuthority,
  kind: CertificateKind,
  chunkId: number,
  subjects: readonly PositionedSubject[],
  alongside: (tx: Tx, recorded: RecordedChunk) => Promise<void>,
): Promise<RecordedChunk | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const now = authority.clock();
    const cap = kind === "device" ? authority.deviceCap : undefined;
    const authorities = await authority.database.read(async (tx) => {
      await requireClockNotBack(tx, now, authority.clockToleranceSeconds);
      return selectAuthorities(tx, issuingProfile[kind]);
    });
    if (authorities.length === 0) throw new SmkiError("AUTHORITY_MISSING", { profile: issuingProfile[kind] });
    const plan = allocate(authorities, subjects.length, now, cap);
    if (plan.shortfall > 0) return undefined;

    // What is recorded under a CA waits for its key, however long that takes: better nothing is recorded.
    for (const { authority: ca } of plan.allocations) await authority.signer.findKey(ca.keyLabel);

    const { planned, refused } = intendAll(plan.allocations, subjects, authority.terms, now);
    await authority.afterStep?.("intend");
    try {
      const recorded = await authority.database.transaction(async (tx) => {
        const outcome = { ...(await record(tx, chunkId, planned, now, cap)), refused };
        await alongside(tx, outcome);
        await authority.afterStep?.("recording");
        return outcome;
      });
      await authority.afterStep?.("record");
      return recorded;
    } catch (error) {
      // Another chunk filled or changed the CA between plan and record: nothing was written, so plan again.
      if (!isSmkiError(error, "ISSUING_PLAN_STALE") || attempt === planAttempts) throw error;
    }
  }
}

/** Step 1 for each subject under the CA that it was allocated to; a subject with a finding is refused alone. */
function intendAll(
  allocations: readonly Allocation[],
  subjects: readonly PositionedSubject[],
  terms: IssuingTerms,
  now: Date,
): { planned: IntendedAllocation[]; refused: Map<number, SmkiError> } {
  const refused = new Map<number, SmkiError>();
  let next = 0;
  const planned = allocations.map((allocation) => {
    const issuer = issuerOf(allocation.authority);
    const certificates: IntendedCertificate[] = [];
    for (const subject of subjects.slice(next, next + allocation.count))
      try {
        certificates.push(intend(issuer, subject, terms, now));
      } catch (error) {
        if (!isSmkiError(error, "CERTIFICATE_LINT_FINDING")) throw error;
        refused.set(subject.position, error);
      }
    next += allocation.count;
    return { allocation, certificates };
  });
  return { planned, refused };
}

/** What stands recorded of a chunk, and what of it is refused. */
export interface RecordedChunk extends Recorded {
  /** Subjects whose certificate would have a lint finding. */
  readonly refused: ReadonlyMap<number, SmkiError>;
}

/**
 * Steps 3 to 5 for everything that stands recorded for a chunk. Also the way back after a crash: the open
 * intents are read from the database and signed, whoever recorded them.
 *
 * @param alongside - what the caller writes in the publishing transaction, with the certificates
 * @throws SmkiError INTENT_ALTERED, SIGNED_OTHER_THAN_INTENDED, OWN_SIGNATURE_INVALID, CERTIFICATE_LINT_FINDING,
 *   KEY_NOT_FOUND, KEY_STORE_UNAVAILABLE, CLOCK_WENT_BACK
 */
export async function signAndPublish(
  authority: IssuingAuthority,
  kind: CertificateKind,
  chunkId: number,
  publication: Omit<Publication, "at">,
  alongside: (tx: Tx, published: readonly ComparedCertificate[], at: Date) => Promise<void>,
): Promise<readonly ComparedCertificate[]> {
  const { intents, authorities } = await authority.database.read(async (tx) => {
    await requireClockNotBack(tx, authority.clock(), authority.clockToleranceSeconds);
    const open = await selectOpenIntents(tx, chunkId);
    for (const intent of open) await requireRecorded(tx, intent);
    return { intents: open, authorities: await selectAuthorities(tx) };
  });
  const done: { intent: RecordedIntent; certificates: ComparedCertificate[] }[] = [];
  for (const intent of intents) {
    const row = authorities.find(({ id }) => id === intent.authorityId);
    if (row === undefined) throw new SmkiError("AUTHORITY_MISSING", { authority: intent.authorityId });
    const issuer = issuerOf(row);
    requireSignable(kind, issuer, intent, authority.terms);
    const signed = await sign(authority.signer, issuer, intent);
    await authority.afterStep?.("sign");
    done.push({ intent, certificates: compare(kind, issuer, intent, signed, authority.terms) });
    await authority.afterStep?.("compare");
  }
  const published = await authority.database.transaction(async (tx) => {
    const at = authority.clock();
    const visible: ComparedCertificate[] = [];
    for (const { intent, certificates } of done)
      if (await publish(tx, intent, certificates, { ...publication, at })) visible.push(...certificates);
    await alongside(tx, visible, at);
    await authority.afterStep?.("publishing");
    return visible;
  });
  await authority.afterStep?.("publish");
  return published;
}

/** The outcome of a CSR whose key is certified already: the serial number lets a client that lost our answer fetch it. */
export function keyTakenError(serialNumber: SerialNumber): SmkiError {
  return new SmkiError("KEY_ALREADY_CERTIFIED", { serialNumber });
}
