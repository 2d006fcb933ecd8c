import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";

/** A file of two million Devices. */
const longestBody = 256 * 1024 * 1024;

/**
 * Receives a long body into a file first, and gives it to `work` then: neither memory nor a transaction waits for a slow
 * client, and a transaction that is run again reads it again. The file goes with the request.
 *
 * @throws SmkiError REQUEST_TOO_LARGE, REQUEST_INVALID when there is no body of the expected type
 */
export async function withSpooledBody<Result>(
  body: unknown,
  work: (source: () => AsyncIterable<Uint8Array>) => Promise<Result>,
): Promise<Result> {
  if (!(body instanceof Readable))
    throw new SmkiError("REQUEST_INVALID", { problem: "a body of type text/csv is needed" });
  const folder = await mkdtemp(join(tmpdir(), "smki-body-"));
  try {
    const file = join(folder, "body");
    await pipeline(body, atMost(longestBody), createWriteStream(file, { mode: 0o600 })).catch(
      (cause: unknown) => {
        // The client has gone: no fault of ours, and nobody is there to read the answer.
        if (body.readableAborted && !isSmkiError(cause))
          throw new SmkiError("REQUEST_INVALID", { problem: "the body broke off" }, { cause });
        throw cause;
      },
    );
    return await work(() => createReadStream(file));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
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
