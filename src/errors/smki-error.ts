import { catalogue, type ErrorCode } from "./catalogue.ts";

/** Values that make one occurrence concrete: which serial, which file, which line. Never a secret. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean>>;

/**
 * Every refusal and failure that a user can meet. The code is stable and part of the interface;
 * the message says what happened, `remedy` says what to do next.
 */
export class SmkiError extends Error {
  override readonly name = "SmkiError";
  readonly code: ErrorCode;
  readonly remedy: string;
  readonly details: ErrorDetails;

  /**
   * @param code - an entry of the catalogue
   * @param details - values appended to the message, in the order given
   * @param options - `cause`: the underlying error, for the log only; it never reaches a client
   */
  constructor(code: ErrorCode, details: ErrorDetails = {}, options?: ErrorOptions) {
    const entry = catalogue[code];
    const concrete = Object.entries(details).map(([name, value]) => `${name}: ${String(value)}`);
    super(concrete.length === 0 ? entry.what : `${entry.what} (${concrete.join(", ")})`, options);
    this.code = code;
    this.remedy = entry.remedy;
    this.details = details;
  }
}

/** True when `error` is a coded refusal, of the given code if one is given. */
export function isSmkiError(error: unknown, code?: ErrorCode): error is SmkiError {
  return error instanceof SmkiError && (code === undefined || error.code === code);
}
