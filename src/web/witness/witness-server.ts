import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyReply } from "fastify";
import { catalogue } from "../../errors/catalogue.ts";
import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import type { Witness } from "../../ledger/witness/witness.ts";

/**
 * Greatest body, in octets: a proof of 63 hashes and a note with 16 signatures of 5 kB each, which a verifier must
 * take (C2SP signed-note, "Format"), come to 110 kB.
 */
const bodyLimit = 128 * 1024;
/** Longest that a request may take to arrive, in milliseconds. */
const requestTimeout = 10_000;

const plainText = "text/plain; charset=utf-8";
const whatThereIs =
  "There is nothing at this address. This is a witness (C2SP tlog-witness): POST /add-checkpoint, GET /HASH/checkpoint.\n";

/**
 * The HTTP face of a witness (C2SP tlog-witness, "HTTP Interface"): add-checkpoint, and the checkpoint of each log
 * for monitors. Plain HTTP; nobody is authenticated but by the signature on the checkpoint.
 *
 * @returns a server for the caller to start and close
 */
export function createWitnessServer(witness: Witness, logger?: FastifyBaseLogger): FastifyInstance {
  const server = Fastify({
    ...(logger === undefined ? { logger: false } : { loggerInstance: logger }),
    bodyLimit,
    requestTimeout,
    connectionTimeout: 6 * requestTimeout,
    keepAliveTimeout: 6 * requestTimeout,
    routerOptions: { maxParamLength: 64 },
    // A log that lost its answer asks again; one that says nothing does not keep a witness that is to stop.
    forceCloseConnections: true,
    frameworkErrors: (error, _, reply) => {
      answerError(error, reply);
    },
  });
  server.removeAllContentTypeParsers();
  // The specification names no media type: whatever it is called, and were it no media type at all, it is octets.
  server.addHook("onRequest", async ({ raw }) => {
    delete raw.headers["content-type"];
  });
  server.addContentTypeParser("*", { parseAs: "buffer" }, (_, body, done) => {
    done(null, body);
  });

  server.post("/add-checkpoint", async ({ body, log }, reply) => {
    const octets = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
    const { line } = await witness.addCheckpoint(octets);
    log.info({ cosignature: line.trimEnd() }, "cosigned");
    return await reply.type(plainText).send(line);
  });

  server.get<{ Params: { originHash: string } }>("/:originHash/checkpoint", async ({ params }, reply) => {
    const note = await witness.lastCheckpoint(params.originHash);
    if (note === undefined) throw new SmkiError("LEDGER_WITNESS_LOG_UNKNOWN");
    return await reply.type(plainText).header("cache-control", "no-cache").send(note);
  });

  server.setErrorHandler((error, request, reply) => {
    answerError(error, reply);
    request.log[reply.statusCode >= 500 ? "error" : "warn"]({ err: error }, "refused");
  });
  server.setNotFoundHandler((_, reply) => {
    void reply.code(404).type(plainText).send(whatThereIs);
  });
  return server;
}

/** What went wrong, as the status that the specification asks for, with a sentence for people. */
function answerError(thrown: unknown, reply: FastifyReply): void {
  if (isSmkiError(thrown, "LEDGER_WITNESS_SIZE_CONFLICT")) {
    // The body is nothing but the size (C2SP tlog-witness, "add-checkpoint").
    void reply
      .code(409)
      .type("text/x.tlog.size")
      .send(`${String(thrown.details["size"])}\n`);
    return;
  }
  const { statusCode = 500 } = thrown as { statusCode?: number };
  const status = isSmkiError(thrown) ? catalogue[thrown.code].status : statusCode;
  const isOurs = isSmkiError(thrown) && status < 500;
  const text = isOurs ? `${thrown.code}: ${thrown.message}. ${thrown.remedy}` : `status ${String(status)}`;
  void reply.code(status).type(plainText).send(`${text}\n`);
}
