import { namedBits, readDer, readNamedBits } from "../der/index.ts";
import { type KeyUsageBit, keyUsageBits } from "../vocabulary/index.ts";

/**
 * Reads the value of a keyUsage extension (RFC 5280 4.2.1.3).
 *
 * @returns the bits that are set, in their order; bits past the nine of the standard are dropped
 */
export function decodeKeyUsage(value: Uint8Array): KeyUsageBit[] {
  return readDer(value, readNamedBits).flatMap((bit) => keyUsageBits[bit] ?? []);
}

/** Writes the value of a keyUsage extension. */
export function encodeKeyUsage(usages: readonly KeyUsageBit[]): Buffer {
  return namedBits(usages.map((usage) => keyUsageBits.indexOf(usage)));
}
