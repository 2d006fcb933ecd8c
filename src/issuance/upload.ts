import { type Database, notify } from "../database/connect.ts";
import type { Tx } from "../database/transaction.ts";
import { SmkiError } from "../errors/smki-error.ts";
import { nextLeaf } from "../ledger/find-act.ts";
import { recordActs } from "../ledger/record-acts.ts";
import { type Principal, requireHat } from "../registration/principal.ts";
import { findPrincipal } from "../registration/registration.ts";
import type { Clock } from "../time/clock.ts";
import { approvedAct, receivedAct } from "./batch-acts.ts";
import { deleteUpload, endUpload, touchUpload } from "./batch-store.ts";
import type { BatchTerms } from "./batch-terms.ts";
import type { UploadChannel } from "./channel.ts";
import { chunkSize, requestsChannel, requireSubmitter } from "./receive.ts";
import { insertBatch, insertChunk } from "./request-store.ts";
import { UploadDigest, type UploadedRequest } from "./upload-digest.ts";

/**
 * The moments of an upload at which a test stops it: before and after the commit of each part, and of the whole.
 * `docs/crashes.md` tells what each leaves behind.
 */
export const uploadSteps = ["adding", "added", "receiving", "received"] as const;
export type UploadStep = (typeof uploadSteps)[number];

/** Where uploads are taken in. */
export interface UploadDesk {
  readonly database: Database;
  readonly clock: Clock;
  readonly terms: Pick<BatchTerms, "maximumBatchSize" | "approval">;
  /** For tests that stop it on purpose. */
  readonly afterStep?: (step: UploadStep) => void | Promise<void>;
}

/** What is said of an upload at its beginning. */
export interface UploadOrder {
  readonly channel: UploadChannel;
  /** The client's own name for the batch: the `ID` of a `SubmitCSRBatch`, or the name of a ZIP file. */
  readonly reference: string;
  /** The Party on whose behalf, where the operator sends it; otherwise it is the credential's. */
  readonly partyId?: number;
}

/** A batch that is received: durable, and in the ledger. */
export interface ReceivedBatch {
  readonly batchId: number;
  readonly requestCount: number;
}

/** A batch that is coming in. One call at a time. */
export interface Upload {
  /**
   * Takes the next CSR of the batch; each thousand is stored. Waiting for it holds back whoever reads the client.
   *
   * @throws SmkiError BATCH_TOO_LARGE; UPLOAD_LOST when it was idle for so long that it was removed
   */
  add(request: UploadedRequest): Promise<void>;
  /**
   * Ends the upload: the batch awaits approval, or is approved at once, as the terms have it. To be acknowledged when
   * this has resolved, and not before. When it fails with DATABASE_UNAVAILABLE the batch may have been received all
   * the same: sent again, its CSRs are then refused with the serial numbers that their keys have.
   *
   * @param lastOctetAt - when the last octet came in; now, if left out
   * @throws SmkiError BATCH_EMPTY, UPLOAD_LOST; CREDENTIAL_ENDED when that of the sender ended meanwhile
   */
  complete(lastOctetAt?: Date): Promise<ReceivedBatch>;
  /** Removes what was stored, unless the batch was received whole. Never fails: what stays is removed later. */
  abandon(): Promise<void>;
}

/**
 * Begins to take in a Batched CSR in parts, so that it never sits in memory whole. Nobody sees it until it is
 * complete; when this process ends before that, it is removed by {@link removeStaleUploads} and never worked on.
 *
 * Whoever reads the client's CSRs sees to it that their IDs are unique, as the form of the message asks.
 *
 * @throws SmkiError NOT_PERMITTED for a credential of the other hat
 */
export function beginUpload(desk: UploadDesk, by: Principal, order: UploadOrder): Upload {
  requireHat(by, "device");
  return new UploadInParts(desk, by, order);
}

class UploadInParts implements Upload {
  readonly #desk: UploadDesk;
  readonly #by: Principal;
  readonly #order: UploadOrder;
  readonly #digest = new UploadDigest();
  #part: UploadedRequest[] = [];
  #partyId = 0;
  #batchId: number | undefined;

  constructor(desk: UploadDesk, by: Principal, order: UploadOrder) {
    this.#desk = desk;
    this.#by = by;
    this.#order = order;
  }

  async add(request: UploadedRequest): Promise<void> {
    const { maximumBatchSize: maximum } = this.#desk.terms;
    if (this.#digest.count === maximum) throw new SmkiError("BATCH_TOO_LARGE", { maximum });
    this.#digest.add(request);
    this.#part.push(request);
    if (this.#part.length === chunkSize) await this.#store();
  }

  /** A crash before the commit leaves the parts before it, after it this one too: an upload that is not whole. */
  async #store(): Promise<void> {
    const { database, afterStep } = this.#desk;
    const stored = await database.transaction(async (tx) => {
      const place = await this.#storeIn(tx);
      await afterStep?.("adding");
      return place;
    });
    this.#stored(stored);
    await afterStep?.("added");
  }

  /** Nothing of ours changes in it, since a transaction may run again. */
  async #storeIn(tx: Tx): Promise<{ batchId: number; partyId: number }> {
    const { channel, reference, partyId } = this.#order;
    const now = this.#desk.clock();
    let place = { batchId: this.#batchId ?? 0, partyId: this.#partyId };
    if (this.#batchId === undefined) {
      const submission = { kind: "device" as const, ...(partyId === undefined ? {} : { partyId }) };
      // Device Certificates always have a Subscriber: `requireSubmitter` refuses an operator who names none.
      const subscriber = (await requireSubmitter(tx, this.#by, submission)) ?? 0;
      const batchId = await insertBatch(tx, {
        channel,
        stage: "uploading",
        kind: "device",
        reference,
        partyId: subscriber,
        requestedBy: this.#by.name,
        holder: undefined,
        receivedAt: now,
        requestCount: 0,
      });
      place = { batchId, partyId: subscriber };
    } else if (!(await touchUpload(tx, this.#batchId, now))) {
      throw new SmkiError("UPLOAD_LOST", { batch: this.#batchId });
    }
    if (this.#part.length > 0)
      await insertChunk(tx, {
        batchId: place.batchId,
        channel,
        firstPosition: this.#digest.count - this.#part.length,
        requests: this.#part.map(({ request }) => request),
        clientIds: this.#part.map(({ clientId }) => clientId),
      });
    return place;
  }

  #stored({ batchId, partyId }: { batchId: number; partyId: number }): void {
    this.#batchId = batchId;
    this.#partyId = partyId;
    this.#part = [];
  }

  /** Steps receipt, accept and, by rule, approve. A crash before the commit leaves an upload that is not whole. */
  async complete(lastOctetAt = this.#desk.clock()): Promise<ReceivedBatch> {
    const { database, clock, terms, afterStep } = this.#desk;
    const requestCount = this.#digest.count;
    if (requestCount === 0) throw new SmkiError("BATCH_EMPTY");
    const requests = this.#digest.finish();
    const { channel } = this.#order;
    const stored = await database.transaction(async (tx) => {
      // An upload takes minutes, and may outlive its credential.
      if (this.#by.kind === "credential") await findPrincipal(tx, this.#by.serialNumber);
      const place = await this.#storeIn(tx);
      const { batchId, partyId } = place;
      const at = clock();
      const isApproved = terms.approval === "rule";
      const end = {
        stage: isApproved ? ("approved" as const) : ("pending" as const),
        requestCount,
        receivedAt: lastOctetAt,
        acceptedAt: at,
        fromLeaf: await nextLeaf(tx),
      };
      if (!(await endUpload(tx, batchId, end))) throw new SmkiError("UPLOAD_LOST", { batch: batchId });
      const upload = {
        batch: batchId,
        channel,
        kind: "device",
        party: partyId,
        count: requestCount,
        requests,
      } as const;
      await recordActs(tx, [
        receivedAct(this.#by.name, upload, at),
        ...(isApproved ? [approvedAct("system", batchId, at)] : []),
      ]);
      await notify(tx, requestsChannel, String(batchId));
      await afterStep?.("receiving");
      return place;
    });
    this.#stored(stored);
    await afterStep?.("received");
    return { batchId: stored.batchId, requestCount };
  }

  async abandon(): Promise<void> {
    const batchId = this.#batchId;
    this.#part = [];
    if (batchId === undefined) return;
    await this.#desk.database.transaction((tx) => deleteUpload(tx, batchId)).catch(() => undefined);
  }
}

/**
 * Takes in a whole batch from a stream of its CSRs, and removes what was stored of it when anything fails, the stream
 * among it.
 *
 * @throws SmkiError as {@link Upload} has it; and whatever the stream throws
 */
export async function receiveUpload(
  desk: UploadDesk,
  by: Principal,
  order: UploadOrder,
  requests: AsyncIterable<UploadedRequest> | Iterable<UploadedRequest>,
): Promise<ReceivedBatch> {
  const upload = beginUpload(desk, by, order);
  try {
    for await (const request of requests) await upload.add(request);
    return await upload.complete();
  } catch (error) {
    await upload.abandon();
    throw error;
  }
}
