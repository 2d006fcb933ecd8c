import { SmkiError } from "../../../errors/smki-error.ts";

/**
 * What is made of white space within Base64.
 *
 * The element tables of SEC Appendix M ask for Base64 "without whitespace"; the type of the element in its schemas,
 * xs:base64Binary, permits blanks and line breaks between any two characters. `refused` follows the text, which says
 * more than the schema does and is what a client is told; `collapsed` follows the schema alone.
 */
export type Base64Whitespace = "refused" | "collapsed";

/**
 * Decodes the Base64 of an element. Never more lenient than xs:base64Binary: canonical only, full padding, no stray
 * bits. Empty text is Base64 of nothing.
 *
 * @throws SmkiError MESSAGE_BASE64_INVALID
 */
export function decodeBase64Text(
  text: string,
  whitespace: Base64Whitespace,
  details: Readonly<Record<string, string | number>> = {},
): Buffer {
  const base64 = whitespace === "collapsed" ? text.replace(/[ \t\r\n]+/g, "") : text;
  const octets = Buffer.from(base64, "base64");
  if (octets.toString("base64") !== base64) throw new SmkiError("MESSAGE_BASE64_INVALID", details);
  return octets;
}
