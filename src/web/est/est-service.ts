import type { FastifyReply, FastifyRequest } from "fastify";
import { currentDeviceCertificates } from "../../authorities/device-certificates.ts";
import {
  decodeCsrText,
  normaliseSerialNumber,
  parseCsr,
  readDeviceCsr,
  verifyCsrSignature,
} from "../../certificates/index.ts";
import type { Database } from "../../database/connect.ts";
import { catalogue } from "../../errors/catalogue.ts";
import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import type { Outcome } from "../../issuance/outcome.ts";
import { receiveEst } from "../../issuance/receive-est.ts";
import { issuerCertificates, retrieveCertificate } from "../../repository/repository.ts";
import type { Clock } from "../../time/clock.ts";
import { awaitOutcome } from "../server/await-outcome.ts";
import type { WebServer } from "../server/create-server.ts";
import { principalOf, type ReadClientCertificate, requireCredentials } from "../server/principal.ts";
import { certsOnly } from "./certs-only.ts";

/** What EST works with: given by the app. */
export interface EstContext {
  readonly database: Database;
  readonly clock: Clock;
  /** CSRs in 24 hours that a Party may send this way. */
  readonly allowance: number;
  readonly stopping?: AbortSignal;
  /** How long a request waits for its certificate, in milliseconds. */
  readonly patience?: number;
  readonly readClientCertificate?: ReadClientCertificate;
}

const path = (operation: string) => `/.well-known/est/${operation}`;
/** Of what is sent to enrol (RFC 7030 4.2.1). */
const mediaType = "application/pkcs10";
/** One CSR in Base64. */
const bodyLimit = 16 * 1024;
const usualPatience = 10_000;
/** When a client that was answered 202 asks again, in seconds (RFC 7030 4.2.3). */
const retryAfter = 30;
/** Certificates of a Device that are looked at for re-enrolment: it has two in use, and seldom more. */
const looked = 100;

/**
 * Enrolment over Secure Transport (RFC 7030) for Device Certificates: a channel of OpenSMKI's own, which the Code does
 * not know. The client is an Authorised Subscriber with its IKI credential, not the Device; it is asked for nothing
 * less than on any other channel.
 */
export function estService(scope: WebServer, context: EstContext): void {
  void scope.register(async (server) => {
    server.setErrorHandler(answerRefusal);
    server.get(
      path("cacerts"),
      { schema: { hide: true }, config: { access: "public" } },
      async (_, reply) => {
        const authorities = await context.database.read(issuerCertificates);
        const device = authorities.filter(
          ({ profile, state }) =>
            (profile === "root-dca" || profile === "issuing-dca") && state !== "revoked",
        );
        return sendCertificates(
          reply,
          device.map(({ certificate }) => certificate),
        );
      },
    );
    await server.register(async (enrolment) => {
      requireCredentials(enrolment, context);
      enrolment.removeAllContentTypeParsers();
      const read = async (_: FastifyRequest, body: Buffer) => body;
      enrolment.addContentTypeParser(mediaType, { parseAs: "buffer", bodyLimit }, read);
      for (const operation of ["simpleenroll", "simplereenroll"] as const)
        enrolment.post(path(operation), { schema: { hide: true } }, (request, reply) =>
          enrol(context, operation, request, reply),
        );
    });
  });
}

async function enrol(
  context: EstContext,
  operation: "simpleenroll" | "simplereenroll",
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { database, clock, allowance, patience = usualPatience } = context;
  const receivedAt = clock();
  const by = principalOf(request);
  // The body is Base64 whatever the headers say of it (RFC 8951 3.1).
  const csr = decodeCsrText(Buffer.isBuffer(request.body) ? request.body.toString("latin1") : "");
  if (operation === "simplereenroll") await requireCurrentCertificate(context, csr);
  const reference = `EST ${operation}`;
  const batchId = await database.transaction((tx) =>
    receiveEst(tx, by, { reference, request: csr }, allowance, receivedAt),
  );
  const { outcome } = (await awaitOutcome(context, by, batchId, patience)) ?? {};
  const serialNumber = serialNumberIn(outcome);
  if (serialNumber === undefined) return retryLater(reply);
  const found = await database
    .read((tx) => retrieveCertificate(tx, serialNumber, clock()))
    .catch((error: unknown) => {
      // Recorded for this very key, and not signed yet.
      if (isSmkiError(error, "CERTIFICATE_NOT_FOUND")) return undefined;
      throw error;
    });
  return found === undefined ? retryLater(reply) : sendCertificates(reply, [found.certificate]);
}

/**
 * The certificate that answers the request. A client that was told 202, or lost our answer, sends the same CSR again (RFC
 * 7030 4.2.3): its key is certified by then, and that certificate is the answer. Whoever sends the CSR has the key.
 */
function serialNumberIn(outcome: Outcome | undefined) {
  if (outcome === undefined) return undefined;
  if (outcome.status === "issued") return outcome.serialNumber;
  const { code, details } = outcome;
  if (code === "KEY_ALREADY_CERTIFIED") return normaliseSerialNumber(String(details["serialNumber"]));
  throw new SmkiError(code, details);
}

/** A Device is re-enrolled only if it has a certificate that may be in use (RFC 7030 4.2.2). */
async function requireCurrentCertificate({ database }: EstContext, octets: Buffer): Promise<void> {
  const csr = parseCsr(octets);
  const { deviceId, keyUsage } = readDeviceCsr(csr);
  verifyCsrSignature(csr);
  const current = await database.read((tx) => currentDeviceCertificates(tx, deviceId, looked));
  const usage = keyUsage === "digitalSignature" ? "DS" : "KA";
  if (!current.some((certificate) => certificate.usage === usage))
    throw new SmkiError("EST_NO_CURRENT_CERTIFICATE", { device: deviceId, usage });
}

const retryLater = (reply: FastifyReply) =>
  reply.code(202).header("retry-after", String(retryAfter)).type("text/plain").send("Not issued yet.\n");

function sendCertificates(reply: FastifyReply, certificates: readonly Buffer[]): FastifyReply {
  const lines =
    certsOnly(certificates)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return reply
    .type("application/pkcs7-mime; smime-type=certs-only")
    .header("content-transfer-encoding", "base64")
    .send(`${lines.join("\r\n")}\r\n`);
}

/** A refusal in words for a person, as RFC 7030 4.2.3 has it. */
function answerRefusal(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const refusal = isSmkiError(error) ? error : asRefusal(error);
  const { status } = catalogue[refusal.code];
  if (status >= 500) request.log.error({ err: error }, "EST failed");
  const told = status >= 500 ? new SmkiError(refusal.code) : refusal;
  void reply
    .code(status)
    .type("text/plain; charset=utf-8")
    .send(`${told.message}. ${told.remedy} [${told.code}]\n`);
}

/** What the server itself refuses before the request gets here. */
function asRefusal(error: unknown): SmkiError {
  const { statusCode = 500, message } = error as { statusCode?: number; message?: string };
  const options = { cause: error };
  if (statusCode === 413) return new SmkiError("REQUEST_TOO_LARGE", { maximum: bodyLimit }, options);
  if (statusCode === 415) return new SmkiError("MEDIA_TYPE_UNSUPPORTED", { expected: mediaType }, options);
  if (statusCode < 500)
    return new SmkiError("REQUEST_INVALID", { problem: String(message).slice(0, 300) }, options);
  return new SmkiError("INTERNAL", {}, options);
}
