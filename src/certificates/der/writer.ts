import { SmkiError } from "../../errors/smki-error.ts";
import { Tag } from "./tags.ts";

/** Identifier and length octets of an element with this many contents octets. */
export function header(tag: number, length: number): Buffer {
  const octets = Buffer.allocUnsafe(headerLength(length));
  writeHeader(octets, tag, length);
  return octets;
}

/** One element: identifier octet, minimal length, and the parts one after another as its contents. */
export function element(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  let length = 0;
  for (const part of parts) length += part.length;
  let at = headerLength(length);
  const encoded = Buffer.allocUnsafe(at + length);
  writeHeader(encoded, tag, length);
  for (const part of parts) {
    encoded.set(part, at);
    at += part.length;
  }
  return encoded;
}

/** X.690 10.1: the short form below 128, then the fewest octets; 4 are enough for anything within a size cap. */
function headerLength(length: number): number {
  if (length < 0x80) return 2;
  if (length < 0x100) return 3;
  if (length < 0x10000) return 4;
  return length < 0x1000000 ? 5 : 6;
}

function writeHeader(into: Buffer, tag: number, length: number): void {
  into[0] = tag;
  const octets = headerLength(length) - 2;
  into[1] = octets === 0 ? length : 0x80 | octets;
  for (let at = 1 + octets, left = length; at > 1; at--, left = Math.floor(left / 256))
    into[at] = left & 0xff;
}

/** SEQUENCE or SEQUENCE OF of the elements given. */
export function sequence(...elements: readonly Uint8Array[]): Buffer {
  return element(Tag.sequence, ...elements);
}

/** SET OF the elements given, put in the order that DER demands (X.690 11.6). */
export function setOf(...elements: readonly Uint8Array[]): Buffer {
  return element(Tag.set, ...[...elements].sort((left, right) => Buffer.compare(left, right)));
}

/** BOOLEAN TRUE; FALSE is never written, since it is the default wherever the SMKI has a BOOLEAN. */
export const booleanTrue: Buffer = element(Tag.boolean, Buffer.from([0xff]));

/** NULL. */
export const nullValue: Buffer = element(Tag.null);

/** OCTET STRING. */
export function octetString(...parts: readonly Uint8Array[]): Buffer {
  return element(Tag.octetString, ...parts);
}

/** BIT STRING of whole octets. */
export function bitString(...parts: readonly Uint8Array[]): Buffer {
  return element(Tag.bitString, zeroOctet, ...parts);
}

const zeroOctet = Buffer.from([0]);

/** UTF8String. */
export function utf8String(text: string): Buffer {
  return element(Tag.utf8String, Buffer.from(text, "utf8"));
}

/** PrintableString (X.680 41.4). @throws SmkiError DER_STRING_INVALID for any other character */
export function printableString(text: string): Buffer {
  if (!isPrintable(text)) throw new SmkiError("DER_STRING_INVALID", { type: "PrintableString" });
  return element(Tag.printableString, Buffer.from(text, "latin1"));
}

/** True when every character is one that PrintableString has (X.680 41.4, table 10). */
export function isPrintable(text: string): boolean {
  return /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(text);
}
