import type { SerialNumber } from "../../certificates/index.ts";
import type { Database } from "../../database/connect.ts";
import { together } from "../../database/together.ts";
import type { Tx } from "../../database/transaction.ts";
import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import type { Signer } from "../../keys/signer.ts";
import { nextLeaf } from "../../ledger/find-act.ts";
import type { Clock } from "../../time/clock.ts";
import { type Allocation, allocate, type IssuingCap } from "../allocation.ts";
import { type CertificateKind, issuingProfile } from "../authority.ts";
import { selectAuthoritiesOfOpenIntents, selectUsableAuthorities } from "../authority-store.ts";
import { requireClockNotBack } from "../clock-guard.ts";
import { type ComparedCertificate, compare, requireSignable } from "./compare.ts";
import { type IssuingTerms, intend, type PositionedSubject } from "./intend.ts";
import { requireRecorded } from "./intent-acts.ts";
import { selectOpenIntents } from "./intent-store.ts";
import { issuerOf } from "./issuer.ts";
import { type Publication, publish } from "./publish.ts";
import { type ChunkCertificate, type IntendedAllocation, record } from "./record.ts";
import { sign } from "./sign.ts";
import { stepTimer, type TellStep } from "./step-timer.ts";

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
  /** For whoever measures. */
  readonly onStepTimed?: TellStep;
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

/** The checked CSRs of a chunk. */
export interface CheckedChunk {
  readonly chunkId: number;
  readonly subjects: readonly PositionedSubject[];
}

/** What of a chunk is not recorded, by position. */
export interface RecordedChunk {
  /** The serial number that has the key already. */
  readonly keysTaken: ReadonlyMap<number, SerialNumber>;
  /** Subjects whose certificate would have a lint finding. */
  readonly refused: ReadonlyMap<number, SmkiError>;
}

/**
 * Steps 1 and 2 for the checked CSRs of one chunk, or of several together: spreads them over the CAs that may sign, builds
 * what each shall sign, and records it in one transaction.
 *
 * @param chunks - no key twice in them
 * @param alongside - what the caller writes in the same transaction, told what each chunk has recorded
 * @returns false when no released Issuing DCA has room for them all: nothing was recorded and the chunks wait
 * @throws SmkiError CLOCK_WENT_BACK, AUTHORITY_MISSING; KEY_NOT_FOUND when the key store lacks the key of a CA
 */
export async function intendAndRecord(
  authority: IssuingAuthority,
  kind: CertificateKind,
  chunks: readonly CheckedChunk[],
  alongside: (tx: Tx, recorded: (chunkId: number) => RecordedChunk) => Promise<void>,
): Promise<boolean> {
  const subjects = chunks.flatMap((chunk) =>
    chunk.subjects.map((subject) => ({ chunkId: chunk.chunkId, subject })),
  );
  for (let attempt = 1; ; attempt += 1) {
    const ended = stepTimer(authority.onStepTimed);
    const now = authority.clock();
    const cap = kind === "device" ? authority.deviceCap : undefined;
    const [authorities, recordedFromLeaf] = await authority.database.read((tx) =>
      together(
        selectUsableAuthorities(tx, issuingProfile[kind]),
        nextLeaf(tx),
        requireClockNotBack(tx, now, authority.clockToleranceSeconds),
      ),
    );
    if (authorities.length === 0) throw new SmkiError("AUTHORITY_MISSING", { profile: issuingProfile[kind] });
    const plan = allocate(authorities, subjects.length, now, cap);
    if (plan.shortfall > 0) return false;

    // What is recorded under a CA waits for its key, however long that takes: better nothing is recorded.
    for (const { authority: ca } of plan.allocations) await authority.signer.findKey(ca.keyLabel);

    const { planned, refused } = intendAll(plan.allocations, subjects, authority.terms, now);
    ended("intend", subjects.length);
    await authority.afterStep?.("intend");
    try {
      await authority.database.transaction(async (tx) => {
        const { keysTaken, written } = await record(tx, planned, { now, recordedFromLeaf, cap });
        // What the caller writes goes out behind it, without waiting for the answers in between.
        const writtenAlongside = alongside(tx, (chunkId) => ({
          keysTaken: keysTaken.get(chunkId) ?? new Map(),
          refused: refused.get(chunkId) ?? new Map(),
        }));
        await together(written, writtenAlongside);
        await authority.afterStep?.("recording");
      });
      ended("record", subjects.length);
      await authority.afterStep?.("record");
      return true;
    } catch (error) {
      // Another chunk filled or changed the CA between plan and record: nothing was written, so plan again.
      if (!isSmkiError(error, "ISSUING_PLAN_STALE") || attempt === planAttempts) throw error;
    }
  }
}

/** Step 1 for each subject under the CA that it was allocated to; a subject with a finding is refused alone. */
function intendAll(
  allocations: readonly Allocation[],
  subjects: readonly { readonly chunkId: number; readonly subject: PositionedSubject }[],
  terms: IssuingTerms,
  now: Date,
): { planned: IntendedAllocation[]; refused: Map<number, Map<number, SmkiError>> } {
  const refused = new Map<number, Map<number, SmkiError>>();
  let next = 0;
  const planned = allocations.map((allocation) => {
    const issuer = issuerOf(allocation.authority);
    const certificates: ChunkCertificate[] = [];
    for (const { chunkId, subject } of subjects.slice(next, next + allocation.count))
      try {
        certificates.push({ chunkId, ...intend(issuer, subject, terms, now) });
      } catch (error) {
        if (!isSmkiError(error, "CERTIFICATE_LINT_FINDING")) throw error;
        const ofChunk = refused.get(chunkId) ?? new Map<number, SmkiError>();
        refused.set(chunkId, ofChunk.set(subject.position, error));
      }
    next += allocation.count;
    return { allocation, certificates };
  });
  return { planned, refused };
}

/** A chunk that stands recorded, and for whom. */
export interface ChunkToPublish extends Pick<Publication, "requestedBy" | "partyId"> {
  readonly id: number;
}

/**
 * Steps 3 to 5 for everything that stands recorded for a chunk, or for several together. Also the way back after a crash:
 * the open intents are read from the database and signed, whoever recorded them.
 *
 * @param alongside - what the caller writes in the publishing transaction, told the certificates of each chunk
 * @throws SmkiError INTENT_ALTERED, SIGNED_OTHER_THAN_INTENDED, OWN_SIGNATURE_INVALID, CERTIFICATE_LINT_FINDING,
 *   KEY_NOT_FOUND, KEY_STORE_UNAVAILABLE, CLOCK_WENT_BACK
 */
export async function signAndPublish(
  authority: IssuingAuthority,
  kind: CertificateKind,
  chunks: readonly ChunkToPublish[],
  alongside: (
    tx: Tx,
    published: (chunkId: number) => readonly ComparedCertificate[],
    at: Date,
  ) => Promise<void>,
): Promise<void> {
  const ended = stepTimer(authority.onStepTimed);
  const byId = new Map(chunks.map((chunk) => [chunk.id, chunk]));
  const [authorities, intents] = await authority.database.read(async (tx) => {
    const read = await together(
      // Before the intents: one that another worker closes in between is then in neither, and not without its CA.
      selectAuthoritiesOfOpenIntents(tx, [...byId.keys()]),
      selectOpenIntents(tx, [...byId.keys()]),
      requireClockNotBack(tx, authority.clock(), authority.clockToleranceSeconds),
    );
    await requireRecorded(tx, read[1]);
    return read;
  });
  const publications: Publication[] = [];
  for (const [authorityId, ofAuthority] of Map.groupBy(intents, (intent) => intent.authorityId)) {
    const row = authorities.find(({ id }) => id === authorityId);
    if (row === undefined) throw new SmkiError("AUTHORITY_MISSING", { authority: authorityId });
    const issuer = issuerOf(row);
    for (const intent of ofAuthority) requireSignable(kind, issuer, intent, authority.terms);
    const signed = await sign(authority.signer, issuer, ofAuthority);
    ended("sign", countIn(signed));
    await authority.afterStep?.("sign");
    for (const [index, intent] of ofAuthority.entries()) {
      const chunk = byId.get(intent.chunkId);
      if (chunk === undefined) throw new SmkiError("INTENT_ALTERED", { chunk: intent.chunkId });
      const { requestedBy, partyId } = chunk;
      const certificates = compare(kind, issuer, intent, signed[index] ?? [], authority.terms);
      publications.push({ intent, certificates, requestedBy, partyId });
    }
    ended("compare", countIn(signed));
    await authority.afterStep?.("compare");
  }
  const certificates = countIn(publications.map((publication) => publication.certificates));
  await authority.database.transaction(async (tx) => {
    const at = authority.clock();
    const { published: all, written } = await publish(tx, publications, at);
    const published = Map.groupBy(all, ({ intent }) => intent.chunkId);
    const ofChunk = (chunkId: number) =>
      (published.get(chunkId) ?? []).flatMap(({ certificates }) => certificates);
    await together(written, alongside(tx, ofChunk, at));
    await authority.afterStep?.("publishing");
  });
  ended("publish", certificates);
  await authority.afterStep?.("publish");
}

const countIn = (parts: readonly (readonly unknown[])[]): number =>
  parts.reduce((sum, { length }) => sum + length, 0);

/** The outcome of a CSR whose key is certified already: the serial number lets a client that lost our answer fetch it. */
export function keyTakenError(serialNumber: SerialNumber): SmkiError {
  return new SmkiError("KEY_ALREADY_CERTIFIED", { serialNumber });
}
