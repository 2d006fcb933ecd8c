import Type from "typebox";
import { decodeCsrText } from "../../certificates/index.ts";
import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import { findBatch } from "../../issuance/deliver.ts";
import { receive } from "../../issuance/receive.ts";
import { SentTimes } from "../../issuance/sent-times.ts";
import { retrieveCertificate } from "../../repository/repository.ts";
import { awaitOutcome } from "../server/await-outcome.ts";
import type { WebServer } from "../server/create-server.ts";
import { principalOf } from "../server/principal.ts";
import { limitUploads } from "../server/upload-slots.ts";
import type { ApiContext } from "./context.ts";
import { BatchView, CertificateView, CsrText } from "./schemas.ts";
import { batchView, certificateView } from "./views.ts";

const Kind = Type.Object({ kind: Type.Union([Type.Literal("device"), Type.Literal("organisation")]) });
const Reference = Type.String({ minLength: 1, maxLength: 256, description: "Your own name for the batch" });

/** How long a single request waits for its certificate before it answers with the batch to ask for later. */
const usualPatience = 10_000;

/** Octets: 50,000 CSRs in Base64 and JSON are about 22 MB. */
const batchLimit = 32 * 1024 * 1024;

/** CSRs in, certificates out. */
export function issuanceRoutes(server: WebServer, context: ApiContext): void {
  const { database, clock, rules } = context;
  const maximum = rules.maximumBatchSize.value;
  const sentTimes = new SentTimes(database);
  server.addHook("onClose", () => sentTimes.store());

  server.post(
    "/api/v1/:kind-certificates",
    {
      schema: {
        summary: "One CSR: answers with the certificate",
        params: Kind,
        body: Type.Object(
          { csr: CsrText, reference: Type.Optional(Reference) },
          { additionalProperties: false },
        ),
        response: { 201: CertificateView, 202: BatchView },
      },
    },
    async (request, reply) => {
      // Before any wait for a connection of the database, which is a part of the answer's time.
      const receivedAt = clock();
      const principal = principalOf(request);
      const requests = [decodeCsrText(request.body.csr)];
      const submission = {
        kind: request.params.kind,
        reference: request.body.reference ?? request.id,
        requests,
      };
      const batchId = await database.transaction((tx) =>
        receive(tx, principal, submission, maximum, receivedAt),
      );
      const patience = context.patience ?? usualPatience;
      const { outcome } = (await awaitOutcome(context, principal, batchId, patience)) ?? {};
      if (outcome)
        reply.raw.once("finish", () => {
          sentTimes.note(batchId, clock());
        });
      if (outcome?.status === "refused") throw new SmkiError(outcome.code, outcome.details);
      // Waiting for an Issuing DCA, or for a worker: the request is safe, and the client asks again.
      if (outcome?.status !== "issued")
        return reply
          .status(202)
          .send(batchView(await database.read((tx) => findBatch(tx, principal, batchId))));
      const certificate = await database.read((tx) => retrieveCertificate(tx, outcome.serialNumber, clock()));
      return reply.status(201).send(certificateView(certificate));
    },
  );

  server.post(
    "/api/v1/:kind-certificate-batches",
    {
      bodyLimit: batchLimit,
      preParsing: limitUploads(context.uploads),
      schema: {
        summary: "A batch of CSRs: answers with its number",
        params: Kind,
        body: Type.Object(
          { reference: Reference, csrs: Type.Array(CsrText) },
          { additionalProperties: false },
        ),
        response: { 202: Type.Object({ batch: Type.Integer(), requests: Type.Integer() }) },
      },
    },
    async (request, reply) => {
      const receivedAt = clock();
      const principal = principalOf(request);
      const { reference, csrs } = request.body;
      const submission = { kind: request.params.kind, reference, requests: csrs.map(decodeInBatch) };
      const batch = await database.transaction((tx) =>
        receive(tx, principal, submission, maximum, receivedAt),
      );
      return reply.status(202).send({ batch, requests: csrs.length });
    },
  );

  server.get(
    "/api/v1/batches/:batch",
    {
      schema: {
        summary: "A batch of your own Party: status and outcomes",
        params: Type.Object({ batch: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }) }),
        response: { 200: BatchView },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      return batchView(await database.read((tx) => findBatch(tx, principal, request.params.batch)));
    },
  );
}

/** @throws SmkiError as `decodeCsrText`, with the CSR's place in the batch: the whole of it is refused */
function decodeInBatch(csr: string, position: number): Buffer {
  try {
    return decodeCsrText(csr);
  } catch (error) {
    if (!isSmkiError(error)) throw error;
    throw new SmkiError(error.code, { ...error.details, position }, { cause: error });
  }
}
