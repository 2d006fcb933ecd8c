import { SmkiError } from "../../errors/smki-error.ts";

declare const eui64Brand: unique symbol;

/** An EUI-64 as 16 lower-case hexadecimal digits: the identity of a Device or of an Organisation. */
export type Eui64 = string & { readonly [eui64Brand]: true };

/**
 * Checks an EUI-64 in any of the forms in use: either case, with or without hyphens, colons or blanks between octets.
 *
 * @throws SmkiError EUI64_INVALID
 */
export function eui64(text: string): Eui64 {
  const digits = /^[0-9a-f]{2}(?:[-: ]?[0-9a-f]{2}){7}$/i.test(text) ? text.replaceAll(/[-: ]/g, "") : "";
  if (digits.length !== 16) throw new SmkiError("EUI64_INVALID", { value: text.slice(0, 40) });
  return digits.toLowerCase() as Eui64;
}

/** The EUI-64 of exactly 8 octets. @throws SmkiError EUI64_INVALID */
export function eui64FromOctets(octets: Buffer): Eui64 {
  if (octets.length !== 8) throw new SmkiError("EUI64_INVALID", { octets: octets.length });
  return octets.toString("hex") as Eui64;
}

/** As the published interfaces print it: upper case with hyphens, `00-DB-12-34-56-78-90-A4`. */
export function formatEui64(identifier: Eui64): string {
  return (identifier.match(/../g) ?? []).join("-").toUpperCase();
}
