import { createHash } from "node:crypto";
import { SmkiError } from "../../errors/smki-error.ts";
import { invalid } from "./document.ts";
import { type DocumentType, TypeCheck } from "./document-types.ts";

/** The octets of a document, to be read as often as needed. */
export type DocumentSource = () => AsyncIterable<Uint8Array>;

/** What a document is, read through once. */
export interface ReadDocument {
  readonly octets: number;
  /** In hexadecimal. */
  readonly sha256: string;
}

/** Octets of each part in the database; a multiple of three, so that each is Base64 by itself. */
export const partSize = 384 * 1024;

/**
 * Reads a document through, and checks that it is what its type says. Constant in memory.
 *
 * @param limit - octets
 * @throws SmkiError DOCUMENT_TOO_LARGE, DOCUMENT_INVALID
 */
export async function readThrough(
  source: DocumentSource,
  type: DocumentType,
  limit: number,
): Promise<ReadDocument> {
  const sha256 = createHash("sha256");
  const check = new TypeCheck(type);
  let octets = 0;
  for await (const some of source()) {
    octets += some.length;
    if (octets > limit) throw new SmkiError("DOCUMENT_TOO_LARGE", { maximum: limit });
    sha256.update(some);
    check.write(some);
  }
  if (octets === 0) throw invalid("octets", "at least one");
  if (!check.end()) throw invalid("octets", `what ${type.mediaType} is`);
  return { octets, sha256: sha256.digest("hex") };
}

/** The same octets in parts of one size, the last one shorter. */
export async function* inParts(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let held: Uint8Array[] = [];
  let length = 0;
  for await (const some of source) {
    held.push(some);
    length += some.length;
    if (length < partSize) continue;
    const whole = Buffer.concat(held, length);
    let from = 0;
    for (; length - from >= partSize; from += partSize) yield whole.subarray(from, from + partSize);
    held = [whole.subarray(from)];
    length -= from;
  }
  if (length > 0) yield Buffer.concat(held, length);
}
