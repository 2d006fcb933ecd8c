import { SmkiError } from "../../errors/smki-error.ts";
import { Tag } from "./tags.ts";

/** Identifier and length octets of an element with this many contents octets. */
export function header(tag: number, length: number): Buffer {
  if (length < 0x80) return Buffer.from([tag, length]);
  if (length < 0x100) return Buffer.from([tag, 0x81, length]);
  if (length < 0x10000) return Buffer.from([tag, 0x82, length >>> 8, length & 0xff]);
  if (length < 0x1000000) {
    return Buffer.from([tag, 0x83, length >>> 16, (length >>> 8) & 0xff, length & 0xff]);
  }
  return Buffer.from([
    tag,
    0x84,
    length >>> 24,
    (length >>> 16) & 0xff,
    (length >>> 8) & 0xff,
    length & 0xff,
  ]);
}

/** One element: identifier octet, minimal length, and the parts one after another as its contents. */
export function element(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  let length = 0;
  for (const part of parts) length += part.length;
  return Buffer.concat([header(tag, length), ...parts]);
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
