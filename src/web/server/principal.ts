import { hash } from "node:crypto";
import { TLSSocket } from "node:tls";
import type { FastifyRequest } from "fastify";
import { presentedIsOurs } from "../../authorities/certificates.ts";
import { normaliseSerialNumber, type SerialNumber } from "../../certificates/index.ts";
import type { Database } from "../../database/connect.ts";
import { Gathering } from "../../database/gathering.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import { type CredentialHolder, type CredentialUse, requireUse } from "../../registration/principal.ts";
import { findPrincipals } from "../../registration/registration.ts";
import type { Clock } from "../../time/clock.ts";
import type { WebServer } from "./create-server.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Everyone may ask, or users of the repository with an API key too. A route that says neither needs a credential. */
    readonly access?: "public" | "user";
  }
}

/** The client certificate of a connection, verified against the IKI at the handshake. */
export interface ClientCertificate {
  readonly serialNumber: SerialNumber;
  readonly notAfter: Date;
  /** SHA-256 of its DER, in hexadecimal. */
  readonly sha256: string;
}

/** Reads the client certificate that a request came under. @throws SmkiError CREDENTIAL_REQUIRED, CREDENTIAL_UNKNOWN */
export type ReadClientCertificate = (request: FastifyRequest) => ClientCertificate;

/** What requests are judged by. */
export interface CredentialCheck {
  readonly database: Database;
  readonly clock: Clock;
  /** From the TLS connection if left out. */
  readonly readClientCertificate?: ReadClientCertificate;
  /** Another way to be let in, which is tried first. @returns whether the request is let in by it */
  readonly otherwise?: (request: FastifyRequest) => Promise<boolean>;
}

const decoration = "principal";

/**
 * Makes every route of this server, registered afterwards, need a credential, save those that say that they are
 * public. It is asked before the body is read, so that a stranger's costs nothing.
 *
 * @param use - what these routes are: a web service takes credentials for itself only, and they are good nowhere else
 */
export function requireCredentials(
  server: WebServer,
  check: CredentialCheck,
  use: CredentialUse = "other",
): void {
  const readClientCertificate = check.readClientCertificate ?? peerCertificate;
  const ours = new WeakSet<ClientCertificate>();
  const principals = new Gathering<SerialNumber, CredentialHolder>((serialNumbers) =>
    check.database.read((tx) => findPrincipals(tx, serialNumbers)),
  );
  server.decorateRequest(decoration, null);
  server.addHook("onRequest", async (request) => {
    if (request.routeOptions.config.access === "public") return;
    if ((await check.otherwise?.(request)) === true) return;
    const presented = readClientCertificate(request);
    const { serialNumber, notAfter, sha256 } = presented;
    // Whether it is still somebody's credential is asked on every request: a connection outlives a revocation,
    // and the certificate's own end.
    if (notAfter < check.clock()) throw new SmkiError("CREDENTIAL_EXPIRED", { serialNumber });
    // A serial number proves nothing: whoever has a CA's key can give any to their own public key. What was issued
    // never changes, so that it is compared once for a connection.
    if (
      !ours.has(presented) &&
      !(await check.database.read((tx) => presentedIsOurs(tx, serialNumber, sha256)))
    )
      throw new SmkiError("CREDENTIAL_UNKNOWN", { serialNumber });
    const principal = await principals.ask(serialNumber);
    ours.add(presented);
    requireUse(principal, use);
    request.setDecorator(decoration, principal);
  });
}

/** Who sends this request. */
export function principalOf(request: FastifyRequest): CredentialHolder {
  const principal = request.getDecorator<CredentialHolder | null>(decoration);
  if (principal === null) throw new SmkiError("CREDENTIAL_REQUIRED");
  return principal;
}

/** Reading the peer's certificate costs more than the whole of a small request, so it is done once for a socket. */
const certificateOfSocket = new WeakMap<TLSSocket, ClientCertificate>();

function peerCertificate(request: FastifyRequest): ClientCertificate {
  const { socket } = request.raw;
  if (!(socket instanceof TLSSocket)) throw new SmkiError("CREDENTIAL_REQUIRED");
  const known = certificateOfSocket.get(socket);
  if (known !== undefined) return known;
  const peer = socket.getPeerX509Certificate();
  if (peer === undefined) throw new SmkiError("CREDENTIAL_REQUIRED");
  // A certificate that does not chain to our IKI, or has expired, is nobody's credential here.
  if (!socket.authorized) {
    const reason = String(socket.authorizationError);
    if (reason === "CERT_HAS_EXPIRED")
      throw new SmkiError("CREDENTIAL_EXPIRED", { serialNumber: normaliseSerialNumber(peer.serialNumber) });
    throw new SmkiError("CREDENTIAL_UNKNOWN", { reason });
  }
  const certificate = {
    serialNumber: normaliseSerialNumber(peer.serialNumber),
    notAfter: new Date(peer.validTo),
    sha256: hash("sha256", peer.raw, "hex"),
  };
  certificateOfSocket.set(socket, certificate);
  return certificate;
}
