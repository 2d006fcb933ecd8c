import { SmkiError } from "../../errors/smki-error.ts";
import type { DerReader } from "./reader.ts";
import { Tag } from "./tags.ts";
import { element } from "./writer.ts";

/** A BIT STRING: the octets that hold the bits, first bit first, and how many bits of the last octet are unused. */
export interface BitString {
  readonly octets: Buffer;
  readonly unusedBits: number;
}

/**
 * Reads a BIT STRING whose unused bits are zero (X.690 11.2.1).
 *
 * @param reader - stands before the BIT STRING
 * @param tag - identifier octet, where the BIT STRING is tagged IMPLICIT
 * @throws SmkiError DER_BIT_STRING_INVALID
 */
export function readBitString(reader: DerReader, tag: number = Tag.bitString): BitString {
  const offset = reader.offset;
  const contents = reader.contents(tag);
  if (!isBitString(contents)) throw new SmkiError("DER_BIT_STRING_INVALID", { offset });
  return { octets: contents.subarray(1), unusedBits: contents[0] ?? 0 };
}

/** True when contents octets are a BIT STRING's: fewer than 8 unused bits, and those zero (X.690 8.6.2, 11.2.1). */
export function isBitString(contents: Buffer): boolean {
  const unusedBits = contents[0];
  const last = contents[contents.length - 1];
  if (unusedBits === undefined || last === undefined) return false;
  if (contents.length === 1) return unusedBits === 0;
  return unusedBits < 8 && (last & ((1 << unusedBits) - 1)) === 0;
}

/** Reads a BIT STRING of whole octets. @throws SmkiError DER_BIT_STRING_INVALID when bits are unused */
export function readOctetAlignedBitString(reader: DerReader, tag: number = Tag.bitString): Buffer {
  const offset = reader.offset;
  const { octets, unusedBits } = readBitString(reader, tag);
  if (unusedBits !== 0) throw new SmkiError("DER_BIT_STRING_INVALID", { offset });
  return octets;
}

/**
 * Reads a BIT STRING that is a list of named bits, such as KeyUsage: no trailing zero bits (X.690 11.2.2).
 *
 * @returns the numbers of the bits that are set, ascending
 */
export function readNamedBits(reader: DerReader): number[] {
  const offset = reader.offset;
  const { octets, unusedBits } = readBitString(reader);
  const last = octets[octets.length - 1];
  if (last !== undefined && ((last >>> unusedBits) & 1) === 0) {
    throw new SmkiError("DER_BIT_STRING_INVALID", { offset });
  }
  const bits: number[] = [];
  octets.forEach((octet, index) => {
    for (let bit = 0; bit < 8; bit++) if ((octet & (0x80 >>> bit)) !== 0) bits.push(8 * index + bit);
  });
  return bits;
}

/** Writes a list of named bits, without trailing zero bits (X.690 11.2.2). */
export function namedBits(bits: readonly number[]): Buffer {
  if (bits.length === 0) return element(Tag.bitString, Buffer.from([0]));
  const highest = Math.max(...bits);
  const octets = Buffer.alloc((highest >>> 3) + 1);
  for (const bit of bits) octets.writeUInt8(octets.readUInt8(bit >>> 3) | (0x80 >>> (bit & 7)), bit >>> 3);
  return element(Tag.bitString, Buffer.from([7 - (highest & 7)]), octets);
}
