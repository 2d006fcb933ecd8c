import { SmkiError } from "../../../errors/smki-error.ts";

/** Longest ID of a single CSR's message, in characters (SEC Appendix M, Appendix B). */
export const adHocReferenceLimit = 32;
/** Longest ID of a batch's messages (Appendix E). */
export const batchReferenceLimit = 256;
/** Longest ID of a CSR within a batch (Appendix E). */
const csrIdentifierLimit = 100;

/**
 * Letters that every edition of XML 1.0 lets a name begin with: those of ASCII and of the Latin alphabets of Europe.
 * Editions differ on the letters of other scripts, and so do validators; an ID that only some of them take would
 * come back in an answer that its own client may refuse.
 */
const letter = String.raw`A-Z_a-z\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u0131\u0134-\u013E\u0141-\u0148\u014A-\u017E`;
const ncName = new RegExp(String.raw`^[${letter}][${letter}0-9.\u00B7-]*$`);

/**
 * Reads the ID of one CSR of a batch: an xs:ID (NCName), so that neither a number nor a name with a colon is one.
 *
 * @returns the ID without the white space around it, which the type does not count
 * @throws SmkiError MESSAGE_CSR_IDENTIFIER_INVALID
 */
export function readCsrIdentifier(value: string | undefined): string {
  const identifier = value?.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "");
  if (identifier === undefined || identifier.length > csrIdentifierLimit || !ncName.test(identifier))
    throw new SmkiError("MESSAGE_CSR_IDENTIFIER_INVALID", {
      identifier: identifier === undefined ? "none" : identifier.slice(0, csrIdentifierLimit),
    });
  return identifier;
}

/**
 * Reads the ID of a root: any text of 1 to so many characters, counted as XML does, not as JavaScript.
 *
 * @throws SmkiError MESSAGE_REFERENCE_INVALID
 */
export function readReference(value: string, limit: number): string {
  // A character takes two units at the most, so that a long value need not be taken apart.
  const length = value.length > 2 * limit ? value.length : [...value].length;
  if (length < 1 || length > limit) throw new SmkiError("MESSAGE_REFERENCE_INVALID", { length, limit });
  return value;
}
