import { SmkiError } from "../../errors/smki-error.ts";
import type { DerReader } from "./reader.ts";
import { Tag } from "./tags.ts";
import { element } from "./writer.ts";

/**
 * Reads an INTEGER as its contents octets, in two's complement.
 *
 * @param reader - stands before the INTEGER
 * @param options - `minimal: false` lets superfluous leading octets pass, for those who report them as a finding
 * @throws SmkiError DER_INTEGER_NOT_MINIMAL when empty or not minimal (X.690 8.3.2)
 */
export function readIntegerOctets(reader: DerReader, options: { readonly minimal?: boolean } = {}): Buffer {
  const offset = reader.offset;
  const octets = reader.contents(Tag.integer);
  if (octets.length === 0 || ((options.minimal ?? true) && !isMinimalInteger(octets))) {
    throw new SmkiError("DER_INTEGER_NOT_MINIMAL", { offset });
  }
  return octets;
}

/** True when the first nine bits are neither all zero nor all one (X.690 8.3.2). */
export function isMinimalInteger(octets: Uint8Array): boolean {
  const [first, second] = octets;
  if (first === undefined) return false; // X.690 8.3.1: an INTEGER has at least one octet.
  if (second === undefined) return true;
  return !(first === 0 && second < 0x80) && !(first === 0xff && second >= 0x80);
}

/** Reads an INTEGER from 0 to `maximum` (at most 2^31 - 1). @throws SmkiError DER_INTEGER_OUT_OF_RANGE */
export function readSmallInteger(reader: DerReader, maximum = 0x7fff_ffff): number {
  const offset = reader.offset;
  const octets = readIntegerOctets(reader);
  const value = octets.length > 4 ? -1 : octets.readIntBE(0, octets.length);
  if (value < 0 || value > maximum) throw new SmkiError("DER_INTEGER_OUT_OF_RANGE", { offset });
  return value;
}

/** Writes a non-negative INTEGER from its big-endian octets, in the fewest octets. */
export function unsignedInteger(octets: Uint8Array): Buffer {
  let start = 0;
  while (start < octets.length - 1 && octets[start] === 0) start++;
  const significant = octets.subarray(start);
  const first = significant[0];
  if (first === undefined) return element(Tag.integer, zero);
  return first >= 0x80 ? element(Tag.integer, zero, significant) : element(Tag.integer, significant);
}

/** Writes an INTEGER from 0 to 2^32 - 1. @throws SmkiError DER_INTEGER_OUT_OF_RANGE */
export function smallInteger(value: number): Buffer {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
    throw new SmkiError("DER_INTEGER_OUT_OF_RANGE", { value });
  }
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(value);
  return unsignedInteger(octets);
}

const zero = Buffer.from([0]);
