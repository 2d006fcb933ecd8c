import { hash, randomBytes } from "node:crypto";
import ssh, { type ParsedKey } from "ssh2";
import { SmkiError } from "../../errors/smki-error.ts";

/** Who uses the SMKI Repository: a person or a system of a Party. */
export interface RepositoryUser {
  readonly id: number;
  readonly partyId: number;
  readonly name: string;
  /** Requests in 24 hours that it forecast; absent until it has. */
  readonly forecastRequests?: number;
  readonly registeredAt: Date;
  readonly endedAt?: Date;
}

/** What a user shows: an API key at the web service, an SSH key at the file transfer. */
export type CredentialKind = "api-key" | "ssh-key";

/** Interfaces whose requests are counted. */
export type RepositoryInterface = "web-service" | "file-transfer";

/** 256 random bits: nobody guesses one, so that its SHA-256 is enough to know it by. */
const secretOctets = 32;
const apiKeyForm = /^smki-([1-9]\d{0,14})-[A-Za-z0-9_-]{43}$/;

/** Makes an API key. It names its user, so that a wrong one is known to be that user's; the rest is secret. */
export function makeApiKey(userId: number): string {
  return `smki-${String(userId)}-${randomBytes(secretOctets).toString("base64url")}`;
}

/** The user that an API key names, rightly or not; undefined for what is no API key at all. */
export function userOfApiKey(apiKey: string): number | undefined {
  const [, id] = apiKeyForm.exec(apiKey) ?? [];
  return id === undefined ? undefined : Number(id);
}

/** What is kept of an API key. */
export const digestOf = (credential: string | Buffer): Buffer => hash("sha256", credential, "buffer");

/** An RSA key below this is not taken (NIST SP 800-57). */
const leastRsaBits = 2048;
const keyTypes = new Set([
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "ssh-rsa",
]);

/**
 * Reads the one line of an SSH public key file.
 *
 * @returns the key's blob (RFC 4253 6.6)
 * @throws SmkiError SSH_KEY_INVALID; for a private key too, which nobody should have sent
 */
export function readSshPublicKey(line: string): Buffer {
  const refuse = (problem: string): never => {
    throw new SmkiError("SSH_KEY_INVALID", { problem });
  };
  if (line.includes("PRIVATE KEY")) refuse("it is a private key: make another pair, this one is known now");
  if (line.length > 4_096 || line.trim().includes("\n")) refuse("one line is expected");
  const parsed: ParsedKey | ParsedKey[] | Error = ssh.utils.parseKey(line.trim());
  if (parsed instanceof Error) return refuse("it cannot be read");
  const [key] = [parsed].flat();
  if (key === undefined || key.isPrivateKey()) return refuse("it cannot be read");
  if (!keyTypes.has(key.type)) refuse(`${key.type} is not taken`);
  const blob = key.getPublicSSH();
  if (key.type === "ssh-rsa" && rsaBits(blob) < leastRsaBits) refuse(`RSA of ${String(rsaBits(blob))} bits`);
  return blob;
}

/** The modulus is the third string of the blob, an mpint (RFC 4253 6.6, RFC 4251 5). */
function rsaBits(blob: Buffer): number {
  let at = 0;
  let last: Buffer = Buffer.alloc(0);
  for (let field = 0; field < 3; field += 1) {
    const length = blob.readUInt32BE(at);
    last = blob.subarray(at + 4, at + 4 + length);
    at += 4 + length;
  }
  return BigInt(`0x${last.toString("hex")}`).toString(2).length;
}
