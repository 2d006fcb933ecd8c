/** Controls, marks that turn the direction of writing, half characters, and line and paragraph ends. */
const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * Text from outside (a name in a certificate, a label of PEM, a file's name) as part of one line that a person reads: what
 * would move a terminal's cursor, begin a line or turn the direction of writing is replaced by U+FFFD.
 */
export function printable(text: string): string {
  return text.replaceAll(unsafe, "\u{FFFD}");
}
