import { listAuthorities } from "../authorities/authorities.ts";
import { type CertificateKind, issuingProfile } from "../authorities/authority.ts";
import { type Database, notify } from "../database/connect.ts";
import type { Tx } from "../database/transaction.ts";
import { SmkiError } from "../errors/smki-error.ts";
import { recordActs } from "../ledger/record-acts.ts";
import { type Principal, requireHat, requireOperator } from "../registration/principal.ts";
import { partyById, partyMembers } from "../registration/registration.ts";
import type { Channel, UploadChannel } from "./channel.ts";
import type { CredentialHolderRequest } from "./check-request.ts";
import { insertBatch, insertChunk } from "./request-store.ts";

/** CSRs in one chunk: large enough that a chunk's own cost vanishes, small enough to finish within a stop. */
export const chunkSize = 1_000;

/** Told when a batch has been received, so that a worker need not wait for its next look. */
export const requestsChannel = "smki_requests";

/** What is told of single CSRs: one who looks takes all that wait, and nobody else need look. */
export const singlesNews = "singles";

/** Told the number of a batch when one of its chunks is finished. */
export const outcomesChannel = "smki_outcomes";

/** CSRs handed in together. */
export interface Submission {
  readonly kind: CertificateKind;
  /** On which way they came; `api` if left out. Batched CSRs are received by `beginUpload`. */
  readonly channel?: Exclude<Channel, UploadChannel>;
  /** The client's own name for it. */
  readonly reference: string;
  /** The Party on whose behalf; from the credential, or as the operator says. */
  readonly partyId?: number;
  /** Only for IKI credentials. */
  readonly holder?: CredentialHolderRequest;
  /** PKCS#10, DER, not yet looked at. */
  readonly requests: readonly Uint8Array[];
}

/**
 * Receives CSRs that nobody has to approve: they wait for a worker at once. They are durable when the caller's
 * transaction has committed, and only then acknowledged.
 *
 * @param at - when the last octet of them came in
 * @param maximumBatchSize - SEC L8.2; the whole batch is refused above it
 * @returns the batch's number
 * @throws SmkiError NOT_PERMITTED, BATCH_EMPTY, BATCH_TOO_LARGE, AUTHORITY_REVOKED; of what the operator says, SUBSCRIBER_NEEDED,
 *   PARTY_NOT_FOUND, CREDENTIAL_HOLDER_INVALID
 */
export async function receive(
  tx: Tx,
  by: Principal,
  submission: Submission,
  maximumBatchSize: number,
  at: Date,
): Promise<number> {
  const { kind, requests, channel = "api" } = submission;
  const partyId = await requireSubmitter(tx, by, submission);
  if (requests.length === 0) throw new SmkiError("BATCH_EMPTY");
  if (requests.length > maximumBatchSize)
    throw new SmkiError("BATCH_TOO_LARGE", { requests: requests.length, maximum: maximumBatchSize });
  const batchId = await insertBatch(tx, {
    channel,
    stage: "released",
    kind,
    reference: submission.reference,
    partyId,
    requestedBy: by.name,
    holder: submission.holder,
    receivedAt: at,
    // A single CSR is accepted when its own checks are over (SEC Appendix M 1.2), a batch when it is whole.
    ...(requests.length === 1 ? {} : { acceptedAt: at }),
    requestCount: requests.length,
  });
  for (let first = 0; first < requests.length; first += chunkSize) {
    const part = requests.slice(first, first + chunkSize);
    await insertChunk(tx, { batchId, channel, firstPosition: first, requests: part, releasedAt: at });
  }
  const subject = { batch: batchId, kind, channel, count: requests.length };
  await recordActs(tx, [{ kind: "requests.received", at, by: by.name, subject }]);
  await notify(tx, requestsChannel, String(batchId));
  return batchId;
}

/**
 * Refuses who may not ask for certificates of a kind, or not in such words.
 *
 * @returns the Party on whose behalf it is
 * @throws SmkiError as `receive`
 */
export async function requireSubmitter(
  tx: Tx,
  by: Principal,
  submission: Pick<Submission, "kind" | "partyId" | "holder">,
): Promise<number | undefined> {
  const { kind } = submission;
  // Credentials are given by the Registration Authority; everyone else asks in the hat of the policy.
  if (kind === "iki") requireOperator(by);
  else requireHat(by, kind);
  await requireLivingAuthority(tx, kind);
  if (by.kind === "credential") return by.partyId;
  await requireKnown(tx, submission);
  return submission.partyId;
}

/** Device CSRs wait for the next Issuing DCA of the stock; the others would wait for a ceremony that nobody has arranged. */
async function requireLivingAuthority(tx: Tx, kind: CertificateKind): Promise<void> {
  if (kind === "device") return;
  const authorities = await listAuthorities(tx, issuingProfile[kind]);
  if (authorities.length > 0 && authorities.every(({ state }) => state === "revoked"))
    throw new SmkiError("AUTHORITY_REVOKED", { authority: authorities.map(({ id }) => id).join(" ") });
}

/** What a credential says of its Party is so; what a person types may not be, and would fail at the publishing only. */
async function requireKnown(
  tx: Tx,
  { kind, partyId, holder }: Pick<Submission, "kind" | "partyId" | "holder">,
): Promise<void> {
  if (kind !== "iki") {
    if (partyId === undefined) throw new SmkiError("SUBSCRIBER_NEEDED", { kind });
    if (holder !== undefined) throw new SmkiError("CREDENTIAL_HOLDER_INVALID", { kind });
  }
  if (partyId !== undefined) await partyById(tx, partyId);
  if (holder !== undefined) await requireHolder(tx, holder);
}

async function requireHolder(
  tx: Tx,
  { partyId, officerId, systemName, subscriberFor, webService }: CredentialHolderRequest,
) {
  await partyById(tx, partyId);
  const details = { party: partyId, ...(officerId === undefined ? {} : { officer: officerId }) };
  if ((officerId === undefined) === (systemName === undefined))
    throw new SmkiError("CREDENTIAL_HOLDER_INVALID", details);
  if (webService !== undefined && (systemName === undefined || subscriberFor !== "device"))
    throw new SmkiError("CREDENTIAL_HOLDER_INVALID", { ...details, webService });
  if (officerId === undefined) return;
  const { officers } = await partyMembers(tx, partyId);
  if (!officers.some(({ id, left }) => id === officerId && !left))
    throw new SmkiError("CREDENTIAL_HOLDER_INVALID", details);
}

/**
 * Waits until every chunk of a batch is finished or held.
 *
 * @param timeoutMilliseconds - after which it gives up waiting; the batch goes on
 * @returns whether the batch came to its end in that time
 */
export async function waitForBatch(
  database: Database,
  isFinished: () => Promise<boolean>,
  batchId: number,
  timeoutMilliseconds: number,
): Promise<boolean> {
  const ended = Promise.withResolvers<boolean>();
  const look = () => void isFinished().then((finished) => finished && ended.resolve(true), ended.reject);
  const listening = await database.listen(outcomesChannel, (payload) => {
    // No payload: the connection was made anew, and the news may have been missed.
    if (payload === undefined || payload === String(batchId)) look();
  });
  const timer = setTimeout(() => {
    ended.resolve(false);
  }, timeoutMilliseconds);
  try {
    look(); // it may have finished before we listened
    return await ended.promise;
  } finally {
    clearTimeout(timer);
    await listening.stop();
  }
}
