import { SmkiError } from "../../errors/smki-error.ts";
import { CKR } from "./cryptoki.ts";

/** The return value of a failed call; undefined when the error is not the module's. */
export function returnValue(error: unknown): number | undefined {
  if (!(error instanceof Error) || !error.message.startsWith("CKR_")) return undefined;
  return "code" in error && typeof error.code === "number" ? error.code : undefined;
}

/** The session or the token is gone: nothing works any more until the store is opened again. */
const GONE: ReadonlySet<number> = new Set([
  CKR.SLOT_ID_INVALID,
  CKR.DEVICE_ERROR,
  CKR.DEVICE_REMOVED,
  CKR.SESSION_CLOSED,
  CKR.SESSION_HANDLE_INVALID,
  CKR.TOKEN_NOT_PRESENT,
  CKR.TOKEN_NOT_RECOGNIZED,
  CKR.USER_NOT_LOGGED_IN,
  CKR.CRYPTOKI_NOT_INITIALIZED,
]);

/** True for a failure of {@link tokenFailure} that says nothing of the PIN and may not come again. */
export function isPassing(error: unknown): boolean {
  const value = returnValue(error instanceof SmkiError ? error.cause : error);
  return value === CKR.GENERAL_ERROR || value === CKR.FUNCTION_FAILED || value === CKR.DEVICE_ERROR;
}

/** Another process has destroyed the object. */
export function isUnknownObject(error: unknown): boolean {
  const value = returnValue(error);
  return value === CKR.KEY_HANDLE_INVALID || value === CKR.OBJECT_HANDLE_INVALID;
}

/**
 * Translates a failure of the module into the catalogue.
 *
 * @param error - what pkcs11js threw
 * @param token - the token's name, for the message
 */
export function tokenFailure(error: unknown, token: string): SmkiError {
  if (error instanceof SmkiError) return error;
  const value = returnValue(error);
  if (value === undefined || !(error instanceof Error))
    return failed("KEY_TOKEN_FAILED", token, "unexpected", error);
  if (GONE.has(value)) return failed("KEY_STORE_UNAVAILABLE", token, error.message, error);
  switch (value) {
    case CKR.PIN_INCORRECT:
    case CKR.PIN_INVALID:
    case CKR.PIN_LEN_RANGE:
      return failed("KEY_PIN_WRONG", token, error.message, error);
    case CKR.PIN_EXPIRED:
    case CKR.PIN_LOCKED:
    case CKR.USER_PIN_NOT_INITIALIZED:
      return failed("KEY_PIN_LOCKED", token, error.message, error);
    case CKR.MECHANISM_INVALID:
      return failed("KEY_ALGORITHM_UNSUPPORTED", token, error.message, error);
    default:
      return failed("KEY_TOKEN_FAILED", token, error.message, error);
  }
}

/** `reason` is the name of the return value (CKR_…), never a text of the module, which could quote an input. */
function failed(
  code:
    | "KEY_TOKEN_FAILED"
    | "KEY_STORE_UNAVAILABLE"
    | "KEY_PIN_WRONG"
    | "KEY_PIN_LOCKED"
    | "KEY_ALGORITHM_UNSUPPORTED",
  token: string,
  reason: string,
  cause: unknown,
): SmkiError {
  return new SmkiError(code, { token, reason }, { cause });
}
