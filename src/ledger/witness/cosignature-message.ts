import { type KeyObject, verify } from "node:crypto";

// timestamped_signature: eight octets of time, then the Ed25519 signature (C2SP tlog-cosignature, "Format").
const timestampOctets = 8;
const signatureOctets = 64;
const latestTimestamp = 2n ** 63n - 1n;

/** A cosignature, taken apart. */
export interface TimestampedSignature {
  /** When the witness says that it signed, in seconds since 1970-01-01T00:00:00Z. */
  readonly seconds: bigint;
  /** The 64 octets of RFC 8032. */
  readonly signature: Uint8Array;
}

/**
 * What a witness signs for a checkpoint (C2SP tlog-cosignature, "Ed25519 signed message").
 *
 * @param text - the checkpoint's text, with extension lines and the final newline, without signatures
 */
export function cosignedMessage(text: string, seconds: bigint): Buffer {
  return Buffer.from(`cosignature/v1\ntime ${String(seconds)}\n${text}`);
}

/** The octets of a cosignature behind the key id. */
export function encodeTimestamped({ seconds, signature }: TimestampedSignature): Buffer {
  const timestamp = Buffer.alloc(timestampOctets);
  timestamp.writeBigUInt64BE(seconds);
  return Buffer.concat([timestamp, signature]);
}

/** Takes such octets apart; undefined when they are none. */
export function decodeTimestamped(octets: Uint8Array): TimestampedSignature | undefined {
  if (octets.length !== timestampOctets + signatureOctets) return undefined;
  const seconds = Buffer.from(octets).readBigUInt64BE();
  return seconds > latestTimestamp ? undefined : { seconds, signature: octets.subarray(timestampOctets) };
}

/** True when a witness with that key has made the cosignature over the text. */
export function cosignatureHolds(text: string, octets: Uint8Array, publicKey: KeyObject): boolean {
  const decoded = decodeTimestamped(octets);
  if (decoded === undefined) return false;
  return verify(null, cosignedMessage(text, decoded.seconds), publicKey, decoded.signature);
}
