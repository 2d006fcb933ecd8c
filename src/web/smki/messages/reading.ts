import { isSmkiError, SmkiError } from "../../../errors/smki-error.ts";

/**
 * Reads a message, or an answer as a client: there, what is wrong is the service's fault and not the caller's, and
 * has one code whatever it is.
 *
 * @throws SmkiError what `read` throws, or ANSWER_INVALID in its place
 */
export function reading<Read>(what: "message" | "answer", read: () => Read): Read {
  if (what === "message") return read();
  try {
    return read();
  } catch (error) {
    if (!isSmkiError(error)) throw error;
    throw new SmkiError("ANSWER_INVALID", { reason: error.message.slice(0, 200) }, { cause: error });
  }
}
