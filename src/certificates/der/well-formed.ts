import { SmkiError } from "../../errors/smki-error.ts";
import { isBitString } from "./bit-string.ts";
import { isMinimalInteger } from "./integer.ts";
import { decodeOid } from "./oid.ts";
import { isStringOf } from "./strings.ts";
import { Tag } from "./tags.ts";
import { instantOf } from "./time.ts";

/**
 * Refuses identifier octets that no SMKI structure has: high tag numbers, constructed strings (X.690 10.2),
 * primitive sequences and sets.
 */
export function refuseUnsupportedTag(tag: number, offset: number): void {
  const universal = (tag & 0xc0) === 0;
  const number = tag & 0x1f;
  const mustBeConstructed = number === 0x10 || number === 0x11;
  const wrongForm = universal && ((tag & 0x20) !== 0) !== mustBeConstructed;
  if (number === 0x1f || tag === 0 || wrongForm) {
    throw new SmkiError("DER_TAG_UNSUPPORTED", { tag: tag.toString(16).padStart(2, "0"), offset });
  }
}

/**
 * Checks the contents of a primitive element that nobody interprets, such as algorithm parameters: an element that
 * is passed over is still DER, and strict parsers elsewhere would refuse it.
 */
export function checkPrimitive(tag: number, contents: Buffer, offset: number): void {
  switch (tag) {
    case Tag.boolean:
      if (contents.length !== 1 || (contents[0] !== 0 && contents[0] !== 0xff)) {
        throw new SmkiError("DER_BOOLEAN_INVALID", { offset });
      }
      break;
    case Tag.integer:
    case Tag.enumerated:
      if (!isMinimalInteger(contents)) throw new SmkiError("DER_INTEGER_NOT_MINIMAL", { offset });
      break;
    case Tag.bitString:
      if (!isBitString(contents)) throw new SmkiError("DER_BIT_STRING_INVALID", { offset });
      break;
    case Tag.null:
      if (contents.length !== 0) throw new SmkiError("DER_NULL_INVALID", { offset });
      break;
    case Tag.objectIdentifier:
      decodeOid(contents, offset);
      break;
    case Tag.utcTime:
    case Tag.generalizedTime:
      if (instantOf(contents, tag === Tag.utcTime) === undefined) {
        throw new SmkiError("DER_TIME_INVALID", { offset });
      }
      break;
    default:
      if (!isStringOf(tag, contents)) throw new SmkiError("DER_STRING_INVALID", { offset, tag });
  }
}
