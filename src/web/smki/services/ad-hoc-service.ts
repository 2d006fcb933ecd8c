import type { FastifyReply, FastifyRequest } from "fastify";
import { SmkiError } from "../../../errors/smki-error.ts";
import { AdHocReceipts } from "../../../issuance/ad-hoc-receipts.ts";
import type { SentTimes } from "../../../issuance/sent-times.ts";
import type { Principal } from "../../../registration/principal.ts";
import { milliseconds } from "../../../rulebook/index.ts";
import { awaitOutcome } from "../../server/await-outcome.ts";
import type { WebServer } from "../../server/create-server.ts";
import { principalOf, requireCredentials } from "../../server/principal.ts";
import {
  type AdHocAnswer,
  adHocLimits,
  adHocRefusal,
  readAdHocRequest,
  requireXmlMediaType,
  returnsReference,
  writeAdHocAnswer,
} from "../messages/index.ts";
import { asRefusal, sendMessage, sendRefusal } from "./answering.ts";
import type { SmkiServicesContext } from "./context.ts";

/**
 * The Ad Hoc Device CSR Web Service (SEC Appendix M 2.4, Appendices A and B): one CSR in, its certificate in the same
 * answer; to replace the certificate of a Device.
 */
export function adHocService(server: WebServer, context: SmkiServicesContext, sentTimes: SentTimes): void {
  const { database, clock, rules, build, adHocPath } = context;
  const receipts = new AdHocReceipts(database, rules);
  requireCredentials(server, context, "ad-hoc");
  server.removeAllContentTypeParsers();
  server.addContentTypeParser(
    "*",
    { parseAs: "buffer", bodyLimit: adHocLimits.maximumOctets },
    async (_: FastifyRequest, body: Buffer) => body,
  );
  server.setErrorHandler((error, request, reply) => {
    const refusal = asRefusal(error, request);
    return refuse(reply, refusal, { transactionId: transactionNumber(clock()) });
  });
  const noteWhenSent = (reply: FastifyReply, batchId: number) => {
    reply.raw.once("finish", () => {
      sentTimes.note(batchId, clock());
    });
  };
  const refuse = (
    reply: FastifyReply,
    refusal: SmkiError,
    { transactionId, reference }: Pick<AdHocAnswer, "reference" | "transactionId">,
  ) => {
    const echoed = returnsReference(refusal) ? reference : undefined;
    const answer = adHocRefusal(refusal);
    const message = writeAdHocAnswer({ build, transactionId, reference: echoed, answer });
    return sendRefusal(reply, refusal, message, transactionId);
  };

  server.post(adHocPath, { schema: { hide: true } }, async (request, reply) => {
    const receivedAt = clock();
    let reference: string | undefined;
    let batchId: number | undefined;
    try {
      requireXmlMediaType(request.headers["content-type"]);
      const message = readAdHocRequest(octetsOf(request.body), rules.webServiceWhitespace.value);
      reference = message.reference;
      const by = principalOf(request);
      batchId = await receipts.receive({ by, ...message, at: receivedAt });
      const certificate = await certificateFor(context, by, batchId);
      noteWhenSent(reply, batchId);
      const answer = { status: "SUCCESS", certificate } as const;
      return await sendMessage(
        reply,
        writeAdHocAnswer({ reference, build, transactionId: String(batchId), answer }),
      );
    } catch (error) {
      const refusal = asRefusal(error, request);
      if (batchId !== undefined) noteWhenSent(reply, batchId);
      const transactionId = batchId === undefined ? transactionNumber(clock()) : String(batchId);
      return refuse(reply, refusal, { reference, transactionId });
    }
  });
}

const octetsOf = (body: unknown): Buffer => (Buffer.isBuffer(body) ? body : Buffer.alloc(0));

let transactions = 0;
/** A number for what never became a batch: above any of those, and in the log with the request. */
function transactionNumber(now: Date): string {
  transactions = (transactions + 1) % 1_000;
  return String(now.getTime() * 1_000 + transactions);
}

/** @throws SmkiError the refusal of the CSR; CERTIFICATE_NOT_ISSUED_YET when patience ended first */
async function certificateFor(context: SmkiServicesContext, by: Principal, batchId: number): Promise<Buffer> {
  const patience = context.patience ?? milliseconds(context.rules.adHocPatience);
  const { outcome, certificate } = (await awaitOutcome(context, by, batchId, patience)) ?? {};
  if (outcome?.status === "refused") throw new SmkiError(outcome.code, outcome.details);
  if (certificate === undefined) throw new SmkiError("CERTIFICATE_NOT_ISSUED_YET", { batch: batchId });
  return certificate;
}
