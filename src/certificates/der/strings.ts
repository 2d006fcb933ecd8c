import { Tag } from "./tags.ts";
import { isPrintable } from "./writer.ts";

/** Identifier octets of the character string types that a name may hold (RFC 5280 appendix A.1, X.520). */
export const stringTags: ReadonlySet<number> = new Set([
  Tag.utf8String,
  Tag.numericString,
  Tag.printableString,
  Tag.teletexString,
  Tag.ia5String,
  Tag.universalString,
  Tag.bmpString,
]);

/** True when the contents are what a string of this type may hold; TeletexString may hold anything. */
export function isStringOf(tag: number, contents: Buffer): boolean {
  switch (tag) {
    case Tag.printableString:
      return isPrintable(contents.toString("latin1"));
    case Tag.utf8String:
      return isUtf8(contents);
    case Tag.ia5String:
      return contents.every((octet) => octet < 0x80);
    case Tag.numericString:
      return contents.every((octet) => octet === 0x20 || (octet >= 0x30 && octet <= 0x39));
    case Tag.bmpString:
      return contents.length % 2 === 0;
    case Tag.universalString:
      return isUniversal(contents);
    default:
      return true;
  }
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function isUtf8(contents: Buffer): boolean {
  try {
    strictUtf8.decode(contents);
    return true;
  } catch {
    return false;
  }
}

/** Four octets a character, each a code point and not a surrogate. */
function isUniversal(contents: Buffer): boolean {
  if (contents.length % 4 !== 0) return false;
  for (let at = 0; at < contents.length; at += 4) {
    const point = contents.readUInt32BE(at);
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return false;
  }
  return true;
}
