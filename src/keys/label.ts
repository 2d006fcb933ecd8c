import { SmkiError } from "../errors/smki-error.ts";

const LABEL = /^[A-Za-z0-9][A-Za-z0-9 ._/-]{0,63}$/u;

/**
 * A label stands in records, messages and token objects, so it is kept to characters that read the same everywhere.
 *
 * @throws SmkiError KEY_LABEL_INVALID
 */
export function requireLabel(label: string): void {
  if (!isLabel(label)) throw new SmkiError("KEY_LABEL_INVALID", { label: label.slice(0, 80) });
}

export function isLabel(text: string): boolean {
  return LABEL.test(text);
}
