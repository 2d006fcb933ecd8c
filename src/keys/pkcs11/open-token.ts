import { setTimeout as pause } from "node:timers/promises";
import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import { readSecretFile } from "../secret-file.ts";
import type { Pkcs11Settings } from "../settings.ts";
import { isPassing } from "./failure.ts";
import { useModule } from "./module.ts";
import type { Session } from "./objects.ts";
import { findToken, logIn, openSession, type Token } from "./token.ts";

/** A token with a logged-in session. */
export interface OpenToken {
  readonly token: Token;
  readonly session: Session;
  /** Ends the session and gives the module back; the token logs out when the last session of the process ends. */
  readonly close: () => void;
}

/**
 * SoftHSM2 empties and writes a token's own file anew at each login. A process that initialises or logs in at that
 * moment finds no token, or is answered CKR_GENERAL_ERROR; workers start together, so it does happen. Some 1.3 s in all.
 */
const PAUSES_MS = [20, 40, 80, 160, 320, 640];

/**
 * Finds the token and logs in with the PIN of the PIN file. What may pass by itself is tried again; a PIN that the
 * token judged wrong never is.
 *
 * @throws SmkiError KEY_MODULE_NOT_FOUND, KEY_TOKEN_NOT_FOUND, KEY_TOKEN_AMBIGUOUS, KEY_PIN_WRONG, KEY_PIN_LOCKED,
 * KEY_PIN_FINAL_TRY, KEY_STORE_UNAVAILABLE, and those of readSecretFile
 */
export async function logInToToken(settings: Pkcs11Settings): Promise<OpenToken> {
  const pin = await readSecretFile(settings.pinFile);
  // An empty PIN would only spend one of the token's tries.
  if (pin === "")
    throw new SmkiError("KEY_SECRET_FILE_UNREADABLE", { file: settings.pinFile, reason: "empty" });
  for (const milliseconds of PAUSES_MS) {
    try {
      return await attempt(settings, pin);
    } catch (error) {
      if (!isSmkiError(error, "KEY_TOKEN_NOT_FOUND") && !isPassing(error)) throw error;
    }
    // Not in step with the process that was in the way.
    await pause(milliseconds * (0.5 + Math.random()));
  }
  return attempt(settings, pin);
}

async function attempt(settings: Pkcs11Settings, pin: string): Promise<OpenToken> {
  // Given back after a failure, so that the module is initialised anew and reads its tokens again.
  const module = await useModule(settings.module);
  const { cryptoki } = module;
  try {
    const token = findToken(cryptoki, settings.tokenLabel, settings.tokenSerial);
    const handle = openSession(cryptoki, token);
    const close = (): void => {
      try {
        cryptoki.C_CloseSession(handle);
      } catch {
        // The session was lost before: there is nothing left to close.
      }
      module.release();
    };
    try {
      logIn(cryptoki, handle, token, pin);
    } catch (error) {
      cryptoki.C_CloseSession(handle);
      throw error;
    }
    return { token, session: { cryptoki, handle }, close };
  } catch (error) {
    module.release();
    throw error;
  }
}
