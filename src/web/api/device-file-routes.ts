import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import Type, { type Static } from "typebox";
import { SmkiError } from "../../errors/smki-error.ts";
import { batchResults } from "../../issuance/batch-results.ts";
import { type BatchStanding, batchStatus, recordDelivery } from "../../issuance/batch-status.ts";
import { type Channel, isWindowed } from "../../issuance/channel.ts";
import { type PortalUse, portalUse } from "../../issuance/portal-use.ts";
import { receiveUpload } from "../../issuance/upload.ts";
import { type Principal, requireHat } from "../../registration/principal.ts";
import type { WebServer } from "../server/create-server.ts";
import { principalOf } from "../server/principal.ts";
import { limitUploads } from "../server/upload-slots.ts";
import {
  archiveLimits,
  type CertificateFile,
  certificateArchive,
  type RecordLine,
  readCsrArchive,
  recordStatus,
  responseArchive,
  responseName,
  writeTextRecord,
  zipInFile,
} from "../smki/archive/index.ts";
import { csrRefusal } from "../smki/messages/index.ts";
import type { ApiContext } from "./context.ts";
import { Octets } from "./octets.ts";
import { withBodyInFile } from "./spooled-body.ts";

const zipType = "application/zip";
const textType = "text/plain; charset=utf-8";

const BatchNumber = Type.Object({ batch: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }) });
/** As a file system may have it; it comes back in the names of the response. */
const FileName = Type.String({ pattern: "^[^/\\\\\\p{C}\\p{Zl}\\p{Zp}]{1,251}\\.[Zz][Ii][Pp]$" });

const Use = Type.Object({ csrs: Type.Integer(), allowance: Type.Integer() });
const PortalUseView = Type.Object(
  { batched: Use, single: Use },
  {
    description:
      "CSRs of your Party by the portal in the last 24 hours; nothing is refused above the allowance",
  },
);

const FileView = Type.Object({
  batch: Type.Integer(),
  name: Type.String({ description: "Of the file that was sent, or the ID of a batch of the web service" }),
  status: Type.Enum([
    "pending",
    "rejected",
    "parsing",
    "queued",
    "processing",
    "paused",
    "completed",
    "tampered",
  ] satisfies BatchStanding["status"][]),
  requests: Type.Integer(),
  receivedAt: Type.String({ format: "date-time" }),
});

interface BatchParameters {
  readonly Params: { readonly batch: number };
}

/**
 * Batch files of the portal (SEC Appendix M 2.3.1.7 to 2.3.1.9, Appendix F): a ZIP of CSRs comes in; certificates and a
 * text record go out, also of a batch that came by the web service (Appendix M 2.5).
 */
export function deviceFileRoutes(server: WebServer, context: ApiContext): void {
  const { database, clock, rules, terms } = context;
  const useOf = async (by: Principal): Promise<Static<typeof PortalUseView>> => {
    if (by.kind !== "credential") throw new SmkiError("NOT_PERMITTED", {});
    return useView(await database.read((tx) => portalUse(tx, by.partyId, rules, clock())));
  };

  // In a scope of its own: only here is an archive taken for a body.
  void server.register((scope: WebServer, _, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(zipType, (_request, payload, parsed) => {
      parsed(null, payload);
    });
    scope.post(
      "/api/v1/device-certificate-files",
      {
        preParsing: limitUploads(context.uploads),
        schema: {
          summary: "A batch file: a ZIP of .csr files, all or nothing; answers with its number",
          // Described, and checked entry by entry as it is read.
          body: { content: { [zipType]: { schema: Type.Any() } } },
          querystring: Type.Object({ name: Type.Optional(FileName) }, { additionalProperties: false }),
          response: {
            202: Type.Object({ batch: Type.Integer(), requests: Type.Integer(), portalUse: PortalUseView }),
          },
        },
      },
      async (request: FastifyRequest<{ Querystring: { name?: string } }>, reply) => {
        const by = principalOf(request);
        // Before a single octet is taken of somebody who may not send it.
        requireHat(by, "device");
        const limits = archiveLimits(terms.maximumBatchSize);
        const order = { channel: "portal-batch", reference: request.query.name ?? "batch.zip" } as const;
        const { batchId, requestCount } = await withBodyInFile(
          request.body,
          async (file) => receiveUpload(context, by, order, readCsrArchive(await zipInFile(file), limits)),
          { limit: limits.maximumArchive, expected: `a body of type ${zipType}` },
        );
        return reply.status(202).send({ batch: batchId, requests: requestCount, portalUse: await useOf(by) });
      },
    );
    done();
  });

  server.get(
    "/api/v1/device-certificate-files/:batch",
    {
      schema: {
        summary: "A batch of your own Party: where it stands",
        params: BatchNumber,
        response: { 200: FileView },
      },
    },
    async (request) => {
      const batch = await standing(context, principalOf(request), request.params.batch);
      const { id, reference, status, requestCount, receivedAt } = batch;
      return {
        batch: id,
        name: reference,
        status,
        requests: requestCount,
        receivedAt: receivedAt.toISOString(),
      };
    },
  );

  server.get(
    "/api/v1/portal-allowances",
    {
      schema: { summary: "What your Party sent by the portal in 24 hours", response: { 200: PortalUseView } },
    },
    (request) => useOf(principalOf(request)),
  );

  resultRoute(
    "result.zip",
    "The certificates of a completed batch, each as NAME.crt",
    zipType,
    (results, { channel }) => [
      ".zip",
      certificateArchive(certificatesOf(results(), channel), rules.certificateFileForm.value),
    ],
  );
  resultRoute("record.txt", "What became of each CSR of a completed batch", textType, (results) => [
    ".txt",
    Readable.from(writeTextRecord(recordOf(results()), recordForm()), { objectMode: false }),
  ]);
  resultRoute(
    "response.zip",
    "Certificates and record in one file",
    zipType,
    (results, { name, channel }) => [
      ".zip",
      responseArchive(
        name,
        { record: () => recordOf(results()), certificates: () => certificatesOf(results(), channel) },
        { record: recordForm(), certificate: rules.certificateFileForm.value },
      ),
    ],
  );

  function recordForm() {
    return { separator: rules.batchRecordSeparator.value, header: rules.batchRecordHeader.value };
  }

  function resultRoute(
    file: string,
    summary: string,
    type: string,
    make: (
      results: () => ReturnType<typeof batchResults>,
      batch: { readonly name: string; readonly channel: Channel },
    ) => [extension: string, content: Readable],
  ): void {
    server.get(
      `/api/v1/device-certificate-files/:batch/${file}`,
      {
        // It would make the whole file for nothing, and count as its delivery.
        exposeHeadRoute: false,
        schema: {
          summary,
          params: BatchNumber,
          response: { 200: { content: { [type]: { schema: Octets } } } },
        },
      },
      async (request: FastifyRequest<BatchParameters>, reply: FastifyReply) => {
        const by = principalOf(request);
        const { batch: batchId } = request.params;
        const { status, reference, channel } = await standing(context, by, batchId);
        if (status !== "completed") throw new SmkiError("BATCH_NOT_COMPLETED", { batch: batchId, status });
        const [extension, content] = make(() => batchResults(database, by, batchId, terms, clock()), {
          name: reference,
          channel,
        });
        reply.raw.once("finish", () => {
          if (type !== zipType) return;
          // What was fetched and is not recorded as such does no harm: it can be fetched again.
          void database
            .transaction((tx) => recordDelivery(tx, batchId, clock()))
            .catch((error: unknown) => {
              request.log.error({ err: error, batch: batchId }, "a delivery could not be recorded");
            });
        });
        return reply
          .type(type)
          .header("content-disposition", attachment(`${responseName(reference)}${extension}`))
          .send(content);
      },
    );
  }
}

/** @throws SmkiError BATCH_NOT_FOUND, also for a batch that came in on a channel without such files */
async function standing(
  { database, terms, clock }: ApiContext,
  by: Principal,
  batchId: number,
): Promise<BatchStanding> {
  const batch = await database.read((tx) => batchStatus(tx, by, batchId, terms, clock()));
  if (!isWindowed(batch.channel)) throw new SmkiError("BATCH_NOT_FOUND", { batch: batchId });
  return batch;
}

async function* certificatesOf(
  results: ReturnType<typeof batchResults>,
  channel: Channel,
): AsyncGenerator<CertificateFile> {
  for await (const { clientId, certificate } of results) {
    if (certificate === undefined) continue;
    // The ID of a message is no name of a file: `m` and `m.csr` are two of them, and must not become one `m.crt`.
    yield { clientId: channel === "batched" ? `${clientId}.csr` : clientId, certificate };
  }
}

async function* recordOf(results: ReturnType<typeof batchResults>): AsyncGenerator<RecordLine> {
  let place = 0;
  for await (const { clientId, outcome } of results) {
    place += 1;
    const line = { csr: String(place), fileName: clientId };
    if (outcome.status === "issued") yield { ...line, status: "success" };
    else {
      const { status, error } = csrRefusal(outcome);
      yield { ...line, status: recordStatus(status), errorCode: error.code };
    }
  }
}

function useView({ batched, single }: PortalUse): Static<typeof PortalUseView> {
  return { batched: { ...batched }, single: { ...single } };
}

/** A file to be kept, under a name of any characters (RFC 6266 4.3, RFC 8187). */
function attachment(name: string): string {
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename*=UTF-8''${encoded}`;
}
