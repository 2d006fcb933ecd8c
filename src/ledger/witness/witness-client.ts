import { SmkiError } from "../../errors/smki-error.ts";
import { type NoteVerifier, parseNote } from "../note.ts";
import { type AddCheckpoint, formatAddCheckpoint } from "./add-checkpoint.ts";
import { type Cosignature, readCosignature } from "./cosignature.ts";

/** A witness that the estate asks. */
export interface ConfiguredWitness {
  readonly verifier: NoteVerifier;
  /** Its submission prefix (C2SP tlog-witness, "HTTP Interface"), ending in a slash. */
  readonly url: URL;
}

/** What a witness answers: its cosignature, or the size of the checkpoint that it cosigned last. */
export type WitnessAnswer =
  | { readonly cosignature: Cosignature; readonly size?: never }
  | { readonly cosignature?: never; readonly size: number };

/** Greatest answer that is read, in octets: many cosignatures, each of 5 kB at most. */
const longestAnswer = 64 * 1024;
/** How far a witness's clock may be ahead of ours, in milliseconds. */
const clockTolerance = 5 * 60_000;
const sizeBody = /^(0|[1-9]\d{0,15})\n$/;

/**
 * Asks a witness to cosign a checkpoint. Whatever it answers is held for an untrusted stranger's until its
 * cosignature has been verified.
 *
 * @param now - by our clock
 * @param signal - ends the request, also one whose answer does not come to its end
 * @throws SmkiError LEDGER_WITNESS_UNREACHABLE, LEDGER_WITNESS_ANSWER_INVALID, LEDGER_WITNESS_REFUSES,
 *   LEDGER_WITNESS_SEES_FORK
 */
export async function askWitness(
  { verifier, url }: ConfiguredWitness,
  request: AddCheckpoint,
  now: Date,
  signal: AbortSignal,
): Promise<WitnessAnswer> {
  const { status, body } = await post(new URL("add-checkpoint", url), formatAddCheckpoint(request), signal);
  const details = { witness: verifier.name, status };
  if (status === 200) return { cosignature: verified(request.checkpoint, body, verifier, now) };
  const size = Number(sizeBody.exec(body)?.[1]);
  if (status === 409 && Number.isSafeInteger(size)) return { size };
  if (status === 409) throw new SmkiError("LEDGER_WITNESS_ANSWER_INVALID", details);
  if (status === 422) throw new SmkiError("LEDGER_WITNESS_SEES_FORK", details);
  throw new SmkiError(status >= 500 ? "LEDGER_WITNESS_UNREACHABLE" : "LEDGER_WITNESS_REFUSES", details);
}

function verified(checkpoint: string, lines: string, witness: NoteVerifier, now: Date): Cosignature {
  const details = { witness: witness.name };
  let cosignature: Cosignature;
  try {
    cosignature = readCosignature(parseNote(checkpoint).text, lines, witness);
  } catch (cause) {
    throw new SmkiError("LEDGER_WITNESS_ANSWER_INVALID", details, { cause });
  }
  if (cosignature.at.getTime() > now.getTime() + clockTolerance)
    throw new SmkiError("LEDGER_WITNESS_ANSWER_INVALID", { ...details, reason: "made in the future" });
  return cosignature;
}

async function post(url: URL, body: string, signal: AbortSignal): Promise<{ status: number; body: string }> {
  try {
    // A witness has no reason to send us elsewhere, for example into the network that we stand in.
    const response = await fetch(url, {
      method: "POST",
      body,
      signal,
      redirect: "manual",
      headers: { "content-type": "text/plain; charset=utf-8" },
    });
    return { status: response.status, body: await readBounded(response) };
  } catch (cause) {
    throw new SmkiError("LEDGER_WITNESS_UNREACHABLE", { host: url.host, reason: reasonOf(cause) }, { cause });
  }
}

async function readBounded(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop early cancels the stream, and with it the connection.
  for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += part.length;
    if (length > longestAnswer) throw new Error("its answer is too long");
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

/** The operating system's code where there is one: fetch wraps it. */
function reasonOf(failure: unknown): string {
  const { name, message, cause } = failure as Error;
  if (name === "TimeoutError" || name === "AbortError") return "no answer in time";
  const { code } = (cause ?? {}) as { code?: unknown };
  return typeof code === "string" ? code : message;
}
