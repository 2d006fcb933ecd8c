import { createCipheriv, createDecipheriv, createHash, type KeyObject, randomBytes } from "node:crypto";
import { SmkiError } from "../../errors/smki-error.ts";
import { isLabel } from "../label.ts";
import type { StoreIdentity } from "../settings.ts";
import { areAcceptable, type ScryptParameters } from "./key-derivation.ts";

/*
 * The file has three lines:
 *   1  the header, JSON
 *   2  base64 of the AES-256-GCM ciphertext and its 16-octet tag; the octets of line 1 are the additional data
 *   3  hex of SHA-256 over lines 1 and 2, which tells accidental damage from a wrong passphrase
 */
const FORMAT = "opensmki-key-store";
const VERSION = 1;
const CIPHER = "aes-256-gcm";
const NONCE_OCTETS = 12;
const TAG_OCTETS = 16;

/** What stays the same from one write of a store to the next. */
export interface StoreHeader extends StoreIdentity {
  readonly scrypt: ScryptParameters;
  readonly check: string;
}

export interface Envelope {
  readonly header: StoreHeader;
  readonly nonce: Buffer;
  /** The octets of line 1 exactly as they stand in the file: what the cipher authenticates. */
  readonly headerLine: Buffer;
  readonly sealed: Buffer;
}

/** Encrypts the content under a fresh nonce and writes the whole file. */
export function seal(header: StoreHeader, key: KeyObject, content: Uint8Array): Buffer {
  // 96 random bits a write: NIST SP 800-38D section 8.3 allows 2^32 writes under one key.
  const nonce = randomBytes(NONCE_OCTETS);
  const { environment, purpose, estate, scrypt, check } = header;
  const line = {
    format: FORMAT,
    version: VERSION,
    environment,
    purpose,
    // JSON leaves out what is undefined: the header of a store without one is as it always was.
    estate,
    scrypt,
    check,
    nonce: nonce.toString("base64"),
  };
  const headerLine = Buffer.from(JSON.stringify(line));
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_OCTETS });
  cipher.setAAD(headerLine);
  const sealed = Buffer.concat([cipher.update(content), cipher.final(), cipher.getAuthTag()]);
  const body = `${headerLine.toString()}\n${sealed.toString("base64")}\n`;
  return Buffer.from(`${body}${digestOf(body)}\n`);
}

/**
 * Reads the structure of a file and checks every field, before anything is spent on its parameters.
 *
 * @throws SmkiError KEY_STORE_DAMAGED, KEY_STORE_VERSION_UNKNOWN
 */
export function parseEnvelope(octets: Buffer): Envelope {
  const [first, second, third, end, ...rest] = octets.toString("utf8").split("\n");
  if (first === undefined || second === undefined || end !== "" || rest.length > 0)
    throw damaged("structure");
  if (third !== digestOf(`${first}\n${second}\n`)) throw damaged("checksum");
  const fields = parseHeaderLine(first);
  if (fields["format"] !== FORMAT) throw damaged("format");
  const version = fields["version"];
  if (version !== VERSION) throw new SmkiError("KEY_STORE_VERSION_UNKNOWN", { version: String(version) });
  const nonce = Buffer.from(requireText(fields, "nonce"), "base64");
  const sealed = Buffer.from(second, "base64");
  if (nonce.length !== NONCE_OCTETS || sealed.length < TAG_OCTETS) throw damaged("nonce or ciphertext");
  return { header: readHeader(fields), nonce, headerLine: Buffer.from(first), sealed };
}

/**
 * Decrypts; whatever was altered, in the header too, is refused.
 *
 * @throws SmkiError KEY_STORE_DAMAGED
 */
export function unseal(envelope: Envelope, key: KeyObject): Buffer {
  const { nonce, headerLine, sealed } = envelope;
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_OCTETS });
  decipher.setAAD(headerLine);
  decipher.setAuthTag(sealed.subarray(-TAG_OCTETS));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, -TAG_OCTETS)), decipher.final()]);
  } catch (error) {
    throw new SmkiError("KEY_STORE_DAMAGED", { part: "authentication tag" }, { cause: error });
  }
}

function readHeader(fields: Record<string, unknown>): StoreHeader {
  const environment = fields["environment"];
  const purpose = fields["purpose"];
  if (environment !== "test" && environment !== "live") throw damaged("environment");
  if (purpose !== "operational" && purpose !== "ceremony") throw damaged("purpose");
  const scrypt = requireRecord(fields["scrypt"]);
  const { N, r, p } = scrypt;
  if (typeof N !== "number" || typeof r !== "number" || typeof p !== "number")
    throw damaged("scrypt parameters");
  const parameters = { N, r, p, salt: requireText(scrypt, "salt") };
  if (!areAcceptable(parameters)) throw damaged("scrypt parameters");
  const estate = fields["estate"];
  if (estate !== undefined && (typeof estate !== "string" || !isLabel(estate))) throw damaged("estate");
  const check = requireText(fields, "check");
  return { environment, purpose, ...(estate === undefined ? {} : { estate }), scrypt: parameters, check };
}

function parseHeaderLine(line: string): Record<string, unknown> {
  try {
    return requireRecord(JSON.parse(line));
  } catch {
    throw damaged("header");
  }
}

function requireRecord(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null) throw damaged("header");
  return value as Record<string, unknown>;
}

function requireText(fields: Record<string, unknown>, name: string): string {
  const value = fields[name];
  if (typeof value !== "string") throw damaged(name);
  return value;
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function damaged(part: string): SmkiError {
  return new SmkiError("KEY_STORE_DAMAGED", { part });
}
