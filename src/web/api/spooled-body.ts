import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";

/** A body that is taken this way. */
interface SpooledBody {
  /** Octets. */
  readonly limit: number;
  /** What is said to be needed where there is none. */
  readonly expected: string;
}

/** A file of two million Devices. */
const deviceFile: SpooledBody = { limit: 256 * 1024 * 1024, expected: "a body of type text/csv" };

/**
 * Receives a body into a file of its own, for whoever reads it in another order than it came in. The file goes with the
 * request.
 *
 * @throws SmkiError REQUEST_TOO_LARGE, REQUEST_INVALID when there is no body of the expected type
 */
export async function withBodyInFile<Result>(
  body: unknown,
  work: (file: string) => Promise<Result>,
  { limit, expected }: SpooledBody,
): Promise<Result> {
  if (!(body instanceof Readable))
    throw new SmkiError("REQUEST_INVALID", { problem: `${expected} is needed` });
  const folder = await mkdtemp(join(tmpdir(), "smki-body-"));
  try {
    const file = join(folder, "body");
    await pipeline(body, atMost(limit), createWriteStream(file, { mode: 0o600 })).catch((cause: unknown) => {
      // The client has gone: no fault of ours, and nobody is there to read the answer.
      if (body.readableAborted && !isSmkiError(cause))
        throw new SmkiError("REQUEST_INVALID", { problem: "the body broke off" }, { cause });
      throw cause;
    });
    return await work(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Receives a long body into a file first, and gives it to `work` then: neither memory nor a transaction waits for a slow
 * client, and a transaction that is run again reads it again. The file goes with the request.
 *
 * @throws SmkiError REQUEST_TOO_LARGE, REQUEST_INVALID when there is no body of the expected type
 */
export function withSpooledBody<Result>(
  body: unknown,
  work: (source: () => AsyncIterable<Uint8Array>) => Promise<Result>,
  spooled: SpooledBody = deviceFile,
): Promise<Result> {
  return withBodyInFile(body, (file) => work(() => createReadStream(file)), spooled);
}

const atMost = (limit: number) =>
  async function* (source: AsyncIterable<Uint8Array>) {
    let octets = 0;
    for await (const part of source) {
      octets += part.length;
      if (octets > limit) throw new SmkiError("REQUEST_TOO_LARGE", { maximum: limit });
      yield part;
    }
  };
