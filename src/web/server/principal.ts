import type { TLSSocket } from "node:tls";
import type { FastifyRequest } from "fastify";
import { normaliseSerialNumber, type SerialNumber } from "../../certificates/index.ts";
import type { Database } from "../../database/connect.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import type { CredentialHolder } from "../../registration/principal.ts";
import { findPrincipal } from "../../registration/registration.ts";

/** Reading the peer's certificate costs more than the whole of a small request, so it is done once for a socket. */
const serialOfSocket = new WeakMap<TLSSocket, SerialNumber>();

/**
 * Who sends this request. The certificate was verified against the IKI at the handshake; whether it is still
 * somebody's credential is asked now, since an open connection outlives a revocation.
 *
 * @throws SmkiError CREDENTIAL_REQUIRED, CREDENTIAL_UNKNOWN, CREDENTIAL_ENDED
 */
export async function principalOf(request: FastifyRequest, database: Database): Promise<CredentialHolder> {
  const serialNumber = peerSerialNumber(request.raw.socket as TLSSocket);
  return database.read((tx) => findPrincipal(tx, serialNumber));
}

function peerSerialNumber(socket: TLSSocket): SerialNumber {
  const known = serialOfSocket.get(socket);
  if (known !== undefined) return known;
  const peer = socket.getPeerX509Certificate();
  if (peer === undefined) throw new SmkiError("CREDENTIAL_REQUIRED");
  // A certificate that does not chain to our IKI, or has expired, is nobody's credential here.
  if (!socket.authorized)
    throw new SmkiError("CREDENTIAL_UNKNOWN", { reason: String(socket.authorizationError) });
  const serialNumber = normaliseSerialNumber(peer.serialNumber);
  serialOfSocket.set(socket, serialNumber);
  return serialNumber;
}
