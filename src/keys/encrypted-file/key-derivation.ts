import { createHmac, createSecretKey, type KeyObject, scrypt } from "node:crypto";
import { SmkiError } from "../../errors/smki-error.ts";

/** scrypt's parameters (RFC 7914 section 2) as they stand in the header of a store. */
export interface ScryptParameters {
  readonly N: number;
  readonly r: number;
  readonly p: number;
  /** Base64 of 16 random octets. */
  readonly salt: string;
}

/** What a passphrase yields; both halves are scrypt output, so neither tells the other. */
export interface DerivedKey {
  readonly encryptionKey: KeyObject;
  /** Stands in the header and tells a wrong passphrase from a damaged file. Base64. */
  readonly check: string;
}

/** 128 MiB and about 0.3 s for each guess: the OWASP Password Storage Cheat Sheet's first choice for scrypt. */
export const DEFAULT_COST = 2 ** 17;

/** A lower cost would make guessing cheap, a higher one would let a hostile file exhaust memory (128 * N * r octets). */
const LOWEST_COST = 2 ** 15;
const HIGHEST_COST = 2 ** 18;
const BLOCK_SIZE = 8;
const PARALLELISM = 1;
const SALT_OCTETS = 16;
const KEY_OCTETS = 32;
const CHECK_TEXT = "opensmki key store: passphrase check, version 1";

/** True when the parameters are within what this release spends on a file that nobody has vouched for yet. */
export function areAcceptable(parameters: ScryptParameters): boolean {
  const { N, r, p, salt } = parameters;
  const isPowerOfTwo = Number.isInteger(Math.log2(N));
  const isBounded = N >= LOWEST_COST && N <= HIGHEST_COST && r === BLOCK_SIZE && p === PARALLELISM;
  return isPowerOfTwo && isBounded && Buffer.from(salt, "base64").length === SALT_OCTETS;
}

/** Parameters for a new store. @param salt - 16 random octets */
export function scryptParameters(salt: Buffer, cost = DEFAULT_COST): ScryptParameters {
  return { N: cost, r: BLOCK_SIZE, p: PARALLELISM, salt: salt.toString("base64") };
}

/**
 * @param passphrase - normalised to NFC, so that the same text typed elsewhere gives the same key
 * @throws SmkiError KEY_STORE_DAMAGED when the parameters are out of bounds
 */
export async function deriveKey(passphrase: string, parameters: ScryptParameters): Promise<DerivedKey> {
  if (!areAcceptable(parameters)) throw new SmkiError("KEY_STORE_DAMAGED", { part: "scrypt parameters" });
  const { N, r, p } = parameters;
  const octets = await new Promise<Buffer>((resolve, reject) => {
    const options = { N, r, p, maxmem: 130 * N * r };
    const salt = Buffer.from(parameters.salt, "base64");
    scrypt(passphrase.normalize("NFC"), salt, 2 * KEY_OCTETS, options, (error, derived) => {
      if (error === null) resolve(derived);
      else reject(error);
    });
  });
  const encryptionKey = createSecretKey(octets.subarray(0, KEY_OCTETS));
  const check = createHmac("sha256", octets.subarray(KEY_OCTETS)).update(CHECK_TEXT).digest("base64");
  octets.fill(0);
  return { encryptionKey, check };
}
