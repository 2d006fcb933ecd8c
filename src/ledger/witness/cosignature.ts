import { SmkiError } from "../../errors/smki-error.ts";
import { formatSignature, type NoteVerifier, parseNote, type SignOctets, signatureHolds } from "../note.ts";
import { cosignedMessage, decodeTimestamped, encodeTimestamped } from "./cosignature-message.ts";

/** What a witness said of a checkpoint. */
export interface Cosignature {
  /** One line of a note, with its newline. */
  readonly line: string;
  /** When, by the witness's clock; to the second. */
  readonly at: Date;
}

/**
 * Cosigns a checkpoint as a witness (C2SP tlog-cosignature, "Format").
 *
 * @param text - the checkpoint's text
 * @param witness - the verifier, of kind `cosignature`, of the key that `sign` signs with
 */
export async function cosign(
  text: string,
  witness: NoteVerifier,
  sign: SignOctets,
  at: Date,
): Promise<Cosignature> {
  const seconds = BigInt(Math.floor(at.getTime() / 1000));
  const signature = encodeTimestamped({ seconds, signature: await sign(cosignedMessage(text, seconds)) });
  const line = formatSignature({ name: witness.name, keyId: witness.keyId, signature });
  return { line, at: timeOf(seconds) };
}

/**
 * Finds a witness's cosignature among signature lines and verifies it. Lines of other keys are passed over
 * (C2SP tlog-witness, "add-checkpoint").
 *
 * @param text - the checkpoint's text
 * @param lines - one or more signature lines, each with its newline
 * @returns the cosignature, its line written anew, so that nothing of the answer but what was verified is kept
 * @throws SmkiError LEDGER_NOTE_MALFORMED; LEDGER_NOTE_UNVERIFIED when there is none of that key, or it does not
 *   hold, or it states no time
 */
export function readCosignature(text: string, lines: string, witness: NoteVerifier): Cosignature {
  const { name, keyId } = witness;
  const { signatures } = parseNote(`${text}\n${lines}`);
  const found = signatures.filter((signature) => signature.name === name && signature.keyId === keyId);
  const [first] = found;
  if (first === undefined)
    throw new SmkiError("LEDGER_NOTE_UNVERIFIED", { name, reason: "no signature of a known key" });
  const failed = found.some(({ signature }) => !signatureHolds(text, signature, witness));
  const seconds = decodeTimestamped(first.signature)?.seconds ?? 0n;
  if (failed || seconds === 0n || seconds > latestDate)
    throw new SmkiError("LEDGER_NOTE_UNVERIFIED", { name, keyId, reason: "the signature does not hold" });
  return { line: formatSignature(first), at: timeOf(seconds) };
}

// The last second that a Date can hold.
const latestDate = 8_640_000_000_000n;
const timeOf = (seconds: bigint): Date => new Date(Number(seconds) * 1000);
