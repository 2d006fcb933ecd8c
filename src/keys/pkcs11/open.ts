import type { Pkcs11Settings } from "../settings.ts";
import { tokenFailure } from "./failure.ts";
import { markToken, requireMark } from "./marker.ts";
import { logInToToken, type OpenToken } from "./open-token.ts";
import { Pkcs11Signer } from "./pkcs11-signer.ts";
import { openSession } from "./token.ts";
import { TokenSigning } from "./token-signing.ts";

/** libuv's own default for UV_THREADPOOL_SIZE. */
const DEFAULT_THREADS = 4;

/** Marks an empty token as ours. @throws SmkiError KEY_STORE_EXISTS, KEY_STORE_NOT_EMPTY and those of logInToToken */
export async function createTokenStore(settings: Pkcs11Settings): Promise<void> {
  const open = await logInToToken(settings);
  try {
    translated(open, () => {
      markToken(open.session, open.token.label, settings);
    });
  } finally {
    open.close();
  }
}

/** @throws SmkiError KEY_STORE_NOT_FOUND, KEY_ENVIRONMENT_MISMATCH and those of logInToToken */
export async function openToken(settings: Pkcs11Settings): Promise<Pkcs11Signer> {
  const open = await logInToToken(settings);
  const { session, token } = open;
  try {
    translated(open, () => {
      requireMark(session, token.label, settings);
    });
  } catch (error) {
    open.close();
    throw error;
  }
  const openAnother = (): ReturnType<typeof openSession> => openSession(session.cryptoki, token);
  const threads = Number(process.env["UV_THREADPOOL_SIZE"] ?? DEFAULT_THREADS) || DEFAULT_THREADS;
  return new Pkcs11Signer(
    open,
    new TokenSigning(session, settings.signing ?? "measured", openAnother, threads),
  );
}

function translated(open: OpenToken, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw tokenFailure(error, open.token.label);
  }
}
