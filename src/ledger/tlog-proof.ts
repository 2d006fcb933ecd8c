import { SmkiError } from "../errors/smki-error.ts";
import { decodeBase64 } from "./note.ts";
import { hashOctets } from "./tree/hash.ts";

/** That an entry stands in a log, for someone who holds nothing but keys (C2SP tlog-proof). */
export interface TlogProof {
  /** The entry's bytes: its leaf hash is what the proof begins with. No signature covers them but through it. */
  readonly entry: Buffer;
  /** The leaf, from 0. */
  readonly index: number;
  /** From the leaf's sibling up (RFC 9162 section 2.1.3). */
  readonly hashes: readonly Buffer[];
  /** A signed checkpoint, with any cosignatures. */
  readonly checkpoint: string;
}

/** The first line of a proof, by which it is known. */
export const tlogProofForm = "c2sp.org/tlog-proof@v1";
// A tree of 2^53 leaves is no higher.
const mostHashes = 53;
const indexLine = /^index (0|[1-9]\d{0,15})$/;
const extraPrefix = "extra ";

/** Writes a proof; the entry stands in its line `extra` (C2SP tlog-proof, "Format"). */
export function formatTlogProof({ entry, index, hashes, checkpoint }: TlogProof): string {
  const lines = [
    tlogProofForm,
    `${extraPrefix}${entry.toString("base64")}`,
    `index ${String(index)}`,
    ...hashes.map((hash) => hash.toString("base64")),
  ];
  return `${lines.join("\n")}\n\n${checkpoint}`;
}

/**
 * Reads what `formatTlogProof` writes; it verifies nothing.
 *
 * @throws SmkiError LEDGER_PROOF_MALFORMED
 */
export function parseTlogProof(text: string): TlogProof {
  const end = text.indexOf("\n\n");
  const [form, extra = "", index = "", ...hashLines] = text.slice(0, Math.max(0, end)).split("\n");
  const entry = extra.startsWith(extraPrefix) ? decodeBase64(extra.slice(extraPrefix.length)) : undefined;
  const leaf = Number(indexLine.exec(index)?.[1] ?? Number.NaN);
  const hashes = hashLines.slice(0, mostHashes + 1).map((line) => decodeBase64(line) ?? Buffer.alloc(0));
  const malformed = (reason: string) => new SmkiError("LEDGER_PROOF_MALFORMED", { reason });
  if (form !== tlogProofForm) throw malformed("another first line");
  if (entry === undefined) throw malformed("no line `extra` with the entry");
  if (!Number.isSafeInteger(leaf)) throw malformed("no line `index`");
  if (hashes.length > mostHashes || hashes.some((hash) => hash.length !== hashOctets))
    throw malformed("a line that is no hash");
  return { entry, index: leaf, hashes, checkpoint: text.slice(end + 2) };
}
