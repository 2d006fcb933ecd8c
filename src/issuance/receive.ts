import { listAuthorities } from "../authorities/authorities.ts";
import { type CertificateKind, issuingProfile } from "../authorities/authority.ts";
import { type Database, notify } from "../database/connect.ts";
import type { Tx } from "../database/transaction.ts";
import { SmkiError } from "../errors/smki-error.ts";
import { recordActs } from "../ledger/record-acts.ts";
import { type Principal, requireHat, requireOperator } from "../registration/principal.ts";
import { partyById, partyMembers } from "../registration/registration.ts";
import type { CredentialHolderRequest } from "./check-request.ts";
import { insertBatch } from "./request-store.ts";

/** CSRs in one chunk: large enough that a chunk's own cost vanishes, small enough to finish within a stop. */
const chunkSize = 1_000;

/** Told when a batch has been received, so that a worker need not wait for its next look. */
export const requestsChannel = "smki_requests";

/** Told the number of a batch when one of its chunks is finished. */
export const outcomesChannel = "smki_outcomes";

/** CSRs handed in together. */
export interface Submission {
  readonly kind: CertificateKind;
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
 * Receives CSRs. They are durable when the caller's transaction has committed, and only then acknowledged.
 *
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
  const { kind, requests } = submission;
  // Credentials are given by the Registration Authority; everyone else asks in the hat of the policy.
  if (kind === "iki") requireOperator(by);
  else requireHat(by, kind);
  if (requests.length === 0) throw new SmkiError("BATCH_EMPTY");
  if (requests.length > maximumBatchSize)
    throw new SmkiError("BATCH_TOO_LARGE", { requests: requests.length, maximum: maximumBatchSize });
  await requireLivingAuthority(tx, kind);
  const partyId = by.kind === "credential" ? by.partyId : submission.partyId;
  if (by.kind === "operator") await requireKnown(tx, submission);
  const batch = {
    kind,
    reference: submission.reference,
    partyId,
    requestedBy: by.name,
    holder: submission.holder,
    receivedAt: at,
  };
  const batchId = await insertBatch(tx, batch, requests, chunkSize);
  await recordActs(tx, [
    { kind: "requests.received", at, by: by.name, subject: { batch: batchId, kind, count: requests.length } },
  ]);
  await notify(tx, requestsChannel, String(batchId));
  return batchId;
}

/** Device CSRs wait for the next Issuing DCA of the stock; the others would wait for a ceremony that nobody has arranged. */
async function requireLivingAuthority(tx: Tx, kind: CertificateKind): Promise<void> {
  if (kind === "device") return;
  const authorities = await listAuthorities(tx, issuingProfile[kind]);
  if (authorities.length > 0 && authorities.every(({ state }) => state === "revoked"))
    throw new SmkiError("AUTHORITY_REVOKED", { authority: authorities.map(({ id }) => id).join(" ") });
}

/** What a credential says of its Party is so; what a person types may not be, and would fail at the publishing only. */
async function requireKnown(tx: Tx, { kind, partyId, holder }: Submission) {
  if (kind !== "iki") {
    if (partyId === undefined) throw new SmkiError("SUBSCRIBER_NEEDED", { kind });
    if (holder !== undefined) throw new SmkiError("CREDENTIAL_HOLDER_INVALID", { kind });
  }
  if (partyId !== undefined) await partyById(tx, partyId);
  if (holder !== undefined) await requireHolder(tx, holder);
}

async function requireHolder(tx: Tx, { partyId, officerId, systemName }: CredentialHolderRequest) {
  await partyById(tx, partyId);
  const details = { party: partyId, ...(officerId === undefined ? {} : { officer: officerId }) };
  if ((officerId === undefined) === (systemName === undefined))
    throw new SmkiError("CREDENTIAL_HOLDER_INVALID", details);
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
