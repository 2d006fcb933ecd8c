import { createHmac, randomBytes } from "node:crypto";
import type { Handle, PKCS11 } from "pkcs11js";
import { SmkiError } from "../../errors/smki-error.ts";
import { CKF, CKR, CKS_RW_USER_FUNCTIONS, CKU_USER, TOKEN_FLAG } from "./cryptoki.ts";
import { returnValue, tokenFailure } from "./failure.ts";
import type { Session } from "./objects.ts";

/** A token as the module shows it. */
export interface Token {
  readonly slot: Handle;
  readonly label: string;
  readonly serial: string;
  readonly model: string;
  /** CK_TOKEN_INFO.flags as they were when it was found. */
  readonly flags: number;
}

/**
 * Finds the one initialised token of that label, and serial number if one is given.
 *
 * @throws SmkiError KEY_TOKEN_NOT_FOUND, KEY_TOKEN_AMBIGUOUS
 */
export function findToken(cryptoki: PKCS11, label: string, serial?: string): Token {
  const matching = presentTokens(cryptoki, label).filter(
    (token) => token.label === label && (serial === undefined || token.serial === serial),
  );
  const [token, another] = matching;
  const wanted = { token: label, ...(serial === undefined ? {} : { serial }) };
  if (token === undefined) throw new SmkiError("KEY_TOKEN_NOT_FOUND", wanted);
  if (another !== undefined)
    throw new SmkiError("KEY_TOKEN_AMBIGUOUS", { ...wanted, tokens: matching.length });
  return token;
}

function presentTokens(cryptoki: PKCS11, label: string): Token[] {
  try {
    return cryptoki.C_GetSlotList(true).flatMap((slot) => readToken(cryptoki, slot) ?? []);
  } catch (error) {
    throw tokenFailure(error, label);
  }
}

/** Undefined for a token that cannot be read or is not initialised: it must not keep the others from being used. */
function readToken(cryptoki: PKCS11, slot: Handle): Token | undefined {
  try {
    const info = cryptoki.C_GetTokenInfo(slot);
    if ((info.flags & TOKEN_FLAG.INITIALIZED) === 0) return undefined;
    // Texts of fixed length, padded with spaces (PKCS #11 section 3.1).
    const label = info.label.trimEnd();
    const serial = info.serialNumber.trimEnd();
    return { slot, label, serial, model: info.model.trimEnd(), flags: info.flags };
  } catch {
    return undefined;
  }
}

/** A session for writing objects; logging in on one logs in the whole process (PKCS #11 section 5.6). */
export function openSession(cryptoki: PKCS11, token: Token): Handle {
  try {
    return cryptoki.C_OpenSession(token.slot, CKF.SERIAL_SESSION | CKF.RW_SESSION);
  } catch (error) {
    throw tokenFailure(error, token.label);
  }
}

/** Refused PINs, as keyed digests under a key that only this process has: none is put to a token a second time. */
const refusedPins = new Set<string>();
const digestKey = randomBytes(32);

/**
 * Logs in. A wrong PIN is put to a token once a process, and never when one more wrong PIN would lock it.
 *
 * @throws SmkiError KEY_PIN_WRONG, KEY_PIN_LOCKED, KEY_PIN_FINAL_TRY
 */
export function logIn(cryptoki: PKCS11, session: Handle, token: Token, pin: string): void {
  requireSafeLogin(token);
  const attempt = createHmac("sha256", digestKey)
    .update(JSON.stringify([token.serial, token.label, pin]))
    .digest("hex");
  if (refusedPins.has(attempt))
    throw new SmkiError("KEY_PIN_WRONG", {
      token: token.label,
      reason: "refused before; not put to the token again",
    });
  try {
    cryptoki.C_Login(session, CKU_USER, pin);
  } catch (error) {
    // Another store of this process uses the same token.
    if (returnValue(error) === CKR.USER_ALREADY_LOGGED_IN) return;
    const failure = tokenFailure(error, token.label);
    if (failure.code === "KEY_PIN_WRONG") refusedPins.add(attempt);
    throw failure;
  }
}

/**
 * A session that was logged out shows no private object: its keys look destroyed. So nothing is said of what a token
 * holds, or does not, before this.
 *
 * @throws SmkiError KEY_STORE_UNAVAILABLE; the module's own error when there is no such session any more
 */
export function requireLoggedIn({ cryptoki, handle }: Session, token: string): void {
  if (cryptoki.C_GetSessionInfo(handle).state === CKS_RW_USER_FUNCTIONS) return;
  throw new SmkiError("KEY_STORE_UNAVAILABLE", { token, reason: "logged out" });
}

/** @throws SmkiError KEY_PIN_LOCKED, KEY_PIN_FINAL_TRY */
export function requireSafeLogin(token: Pick<Token, "label" | "flags">): void {
  const has = (flag: number): boolean => (token.flags & flag) !== 0;
  if (has(TOKEN_FLAG.PIN_LOCKED) || !has(TOKEN_FLAG.PIN_INITIALIZED))
    throw new SmkiError("KEY_PIN_LOCKED", { token: token.label });
  if (has(TOKEN_FLAG.PIN_FINAL_TRY)) throw new SmkiError("KEY_PIN_FINAL_TRY", { token: token.label });
}
