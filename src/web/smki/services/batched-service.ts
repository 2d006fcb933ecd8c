import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import { SmkiError } from "../../../errors/smki-error.ts";
import { batchResults } from "../../../issuance/batch-results.ts";
import { type BatchStanding, pollBatch, recordDelivery } from "../../../issuance/batch-status.ts";
import type { Outcome } from "../../../issuance/outcome.ts";
import { beginUpload, type ReceivedBatch, type Upload } from "../../../issuance/upload.ts";
import type { Principal } from "../../../registration/principal.ts";
import type { WebServer } from "../../server/create-server.ts";
import { principalOf, requireCredentials } from "../../server/principal.ts";
import { queueUploads } from "../../server/upload-slots.ts";
import {
  type BatchedAnswer,
  type BatchHead,
  batchRefusal,
  csrRefusal,
  type IncompleteStatus,
  messageMediaType,
  requireXmlMediaType,
  returnsReference,
  SubmitBatchReader,
  writeBatchRefusal,
  writeCompleteBatch,
  writeIncompleteBatch,
  writeSubmitBatchStatus,
} from "../messages/index.ts";
import { asRefusal, sendMessage, sendRefusal } from "./answering.ts";
import type { SmkiServicesContext } from "./context.ts";

/** The two addresses of the Batched Device CSR Web Service (SEC Appendix M, Appendices C and D). */
export const submitBatchPath = "/1.0/PortalCSRBatch/SubmitCSRBatch";
export const batchResultPath = "/1.0/PortalCSRBatch/CSRBatchResult";

/** Results that are written together. */
const groupSize = 250;

/**
 * The Batched Device CSR Web Service (SEC Appendix M 2.5, Appendices C, D and E): a batch of up to 50,000 CSRs goes in
 * as it arrives and is never in memory whole; its results are asked for, and go out the same way.
 */
export function batchedService(server: WebServer, context: SmkiServicesContext): void {
  requireCredentials(server, context, "batched");
  server.removeAllContentTypeParsers();
  // The body is read by the route, as a stream: the reader of the message has limits of its own.
  server.addContentTypeParser("*", async (_: FastifyRequest, body: unknown) => body);
  submitRoute(server, context);
  resultRoute(server, context);
}

function submitRoute(scope: WebServer, context: SmkiServicesContext): void {
  const { build } = context;
  void scope.register(async (server) => {
    const refuse = (reply: FastifyReply, refusal: SmkiError, reference?: string) => {
      const outcome = batchRefusal(refusal, "submission");
      const echoed = returnsReference(refusal) ? reference : undefined;
      return sendRefusal(reply, refusal, writeSubmitBatchStatus({ reference: echoed, build, outcome }));
    };
    server.setErrorHandler((error, request, reply) => refuse(reply, asRefusal(error, request)));

    const route = { schema: { hide: true }, preParsing: queueUploads(context.uploads) };
    server.post(submitBatchPath, route, async (request, reply) => {
      const incoming = new IncomingBatch(context, principalOf(request));
      try {
        requireXmlMediaType(request.headers["content-type"]);
        const { batchId } = await incoming.readFrom(request.body);
        const outcome = { status: "PENDING", batchId: String(batchId) } as const;
        return await sendMessage(
          reply,
          writeSubmitBatchStatus({ reference: incoming.reference, build, outcome }),
        );
      } catch (error) {
        await incoming.abandon();
        return refuse(reply, asRefusal(error, request), incoming.reference);
      }
    });
  });
}

/** A batch on its way from the connection into the database. */
class IncomingBatch {
  readonly #context: SmkiServicesContext;
  readonly #by: Principal;
  readonly #reader: SubmitBatchReader;
  #upload: Upload | undefined;

  constructor(context: SmkiServicesContext, by: Principal) {
    this.#context = context;
    this.#by = by;
    this.#reader = new SubmitBatchReader({
      maximumCsrs: context.terms.maximumBatchSize,
      whitespace: context.rules.webServiceWhitespace.value,
    });
  }

  /** The batch's own ID, once it was read. */
  get reference(): string | undefined {
    return this.#reader.reference;
  }

  async readFrom(body: unknown): Promise<ReceivedBatch> {
    // What is refused half-way is left to be heard out by the server.
    if (body instanceof Readable)
      for await (const octets of body.iterator({ destroyOnReturn: false }))
        await this.#take(this.#reader.write(octets as Buffer));
    const lastOctetAt = this.#context.clock();
    await this.#take(this.#reader.end());
    // `end` has refused a batch without CSRs.
    if (this.#upload === undefined) throw new SmkiError("BATCH_EMPTY");
    return this.#upload.complete(lastOctetAt);
  }

  async #take(requests: ReturnType<SubmitBatchReader["write"]>): Promise<void> {
    if (requests.length === 0) return;
    this.#upload ??= beginUpload(this.#context, this.#by, {
      channel: "batched",
      reference: this.#reader.reference ?? "",
    });
    for (const request of requests) await this.#upload.add(request);
  }

  /** Removes what came in of a batch that was not received whole. */
  async abandon(): Promise<void> {
    await this.#upload?.abandon();
  }
}

function resultRoute(scope: WebServer, context: SmkiServicesContext): void {
  const { database, clock, terms, build } = context;
  void scope.register(async (server) => {
    server.setErrorHandler((error, request, reply) => {
      const refusal = asRefusal(error, request);
      const { status, error: told } = batchRefusal(refusal, "query");
      return sendRefusal(reply, refusal, writeBatchRefusal(build, status, told));
    });

    // No HEAD: it would read the whole result for nothing, and count as its delivery.
    server.get(
      batchResultPath,
      { exposeHeadRoute: false, schema: { hide: true } },
      async (request, reply) => {
        const by = principalOf(request);
        const batchId = batchIdIn(request.query);
        const batch = await database.transaction((tx) => pollBatch(tx, by, batchId, terms, clock()));
        const head = { reference: batch.reference, build, batchId: String(batchId) };
        if (batch.status !== "completed")
          return sendMessage(reply, writeIncompleteBatch(head, incompleteStatus(batch.status)));
        reply.raw.once("finish", () => {
          // What was fetched and is not recorded as such does no harm: it can be fetched again.
          void database
            .transaction((tx) => recordDelivery(tx, batchId, clock()))
            .catch((error: unknown) => {
              request.log.error({ err: error, batch: batchId }, "a delivery could not be recorded");
            });
        });
        return reply.type(messageMediaType).send(Readable.from(results(context, by, batchId, head)));
      },
    );
  });
}

/** @throws SmkiError REQUEST_INVALID where it is no number of a batch, or not there just once */
function batchIdIn(query: unknown): number {
  const { BatchId: batchId } = query as { BatchId?: unknown };
  if (typeof batchId !== "string" || !/^[1-9]\d{0,14}$/.test(batchId))
    throw new SmkiError("REQUEST_INVALID", {
      problem: "BatchId=NUMBER expected, as the submission was answered",
    });
  return Number(batchId);
}

const incompleteStatus = (status: Exclude<BatchStanding["status"], "completed">): IncompleteStatus =>
  status.toUpperCase() as Uppercase<typeof status>;

async function* results(
  { database, terms, clock }: SmkiServicesContext,
  by: Principal,
  batchId: number,
  head: BatchHead,
): AsyncGenerator<Buffer> {
  async function* groups(): AsyncGenerator<BatchedAnswer[]> {
    let group: BatchedAnswer[] = [];
    for await (const { clientId, outcome, certificate } of batchResults(
      database,
      by,
      batchId,
      terms,
      clock(),
    )) {
      group.push({ clientId, answer: answerOf(outcome, certificate) });
      if (group.length < groupSize) continue;
      yield group;
      group = [];
    }
    if (group.length > 0) yield group;
  }
  yield* writeCompleteBatch(head, groups());
}

function answerOf(outcome: Outcome, certificate: Buffer | undefined): BatchedAnswer["answer"] {
  if (outcome.status === "refused") return csrRefusal(outcome);
  // `batchResults` gives the certificate of each that was issued.
  if (certificate === undefined) return csrRefusal({ code: "INTERNAL", details: {} });
  return { status: "SUCCESS", certificate };
}
