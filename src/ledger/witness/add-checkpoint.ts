import { SmkiError } from "../../errors/smki-error.ts";
import { decodeBase64 } from "../note.ts";
import { hashOctets } from "../tree/hash.ts";

/** What a log sends to a witness (C2SP tlog-witness, "add-checkpoint"). */
export interface AddCheckpoint {
  /** The size at which the proof begins: that of the checkpoint which the witness cosigned last. */
  readonly oldSize: number;
  readonly proof: readonly Buffer[];
  /** The signed note. */
  readonly checkpoint: string;
}

/** Most hashes that a proof may have. */
const maximumProof = 63;
const oldSizeLine = /^old (0|[1-9]\d{0,15})$/;

/** The body of the request. */
export function formatAddCheckpoint({ oldSize, proof, checkpoint }: AddCheckpoint): string {
  const hashes = proof.map((hash) => `${hash.toString("base64")}\n`).join("");
  return `old ${String(oldSize)}\n${hashes}\n${checkpoint}`;
}

/**
 * Reads the body of the request. The checkpoint is not looked at yet.
 *
 * @param body - its octets; how many may come is the server's to bound
 * @throws SmkiError LEDGER_WITNESS_REQUEST_MALFORMED
 */
export function parseAddCheckpoint(body: Uint8Array): AddCheckpoint {
  const text = decodeStrictly(body);
  const end = text.indexOf("\n\n");
  if (end < 0) throw malformed("no empty line before a checkpoint");
  // One more than may be is enough to see that there are too many.
  const [first = "", ...hashes] = text.slice(0, end).split("\n", maximumProof + 2);
  const oldSize = Number(oldSizeLine.exec(first)?.[1]);
  if (!Number.isSafeInteger(oldSize)) throw malformed("no old size in its first line");
  if (hashes.length > maximumProof) throw malformed(`more than ${String(maximumProof)} hashes`);
  return { oldSize, proof: hashes.map(readHash), checkpoint: text.slice(end + 2) };
}

function readHash(line: string): Buffer {
  const hash = decodeBase64(line);
  if (hash?.length !== hashOctets) throw malformed("a line of the proof that is no hash");
  return hash;
}

function decodeStrictly(body: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    throw malformed("not UTF-8");
  }
}

const malformed = (reason: string) => new SmkiError("LEDGER_WITNESS_REQUEST_MALFORMED", { reason });
