import { randomUUID } from "node:crypto";
import { type FileHandle, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
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
 * Receives a body into a file of its own, for whoever reads it in another order than it came in. The file has no name from its
 * first octet on: it goes with the request, and with the process, however that ends.
 *
 * @throws SmkiError REQUEST_TOO_LARGE; UPLOAD_SPACE_FULL; REQUEST_INVALID when there is no body of the expected type
 */
export async function withBodyInFile<Result>(
  body: unknown,
  work: (file: FileHandle) => Promise<Result>,
  { limit, expected }: SpooledBody,
): Promise<Result> {
  if (!(body instanceof Readable))
    throw new SmkiError("REQUEST_INVALID", { problem: `${expected} is needed` });
  const file = await openNameless().catch((cause: unknown) => {
    throw asRefusal(cause);
  });
  try {
    await file.writeFile(atMost(limit, body)).catch((cause: unknown) => {
      const refusal = asRefusal(cause);
      // The client has gone: no fault of ours, and nobody is there to read the answer.
      if (body.readableAborted && !isSmkiError(refusal))
        throw new SmkiError("REQUEST_INVALID", { problem: "the body broke off" }, { cause });
      throw refusal;
    });
    return await work(file);
  } finally {
    await file.close();
  }
}

/** A kill between the two lines leaves a file without an octet. */
async function openNameless(): Promise<FileHandle> {
  const path = join(tmpdir(), `smki-body-${randomUUID()}`);
  const file = await open(path, "wx+", 0o600);
  try {
    await rm(path);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

const noRoom: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

function asRefusal(cause: unknown): unknown {
  if (!noRoom.has((cause as { code?: unknown }).code)) return cause;
  return new SmkiError("UPLOAD_SPACE_FULL", {}, { cause });
}

/**
 * Receives a long body into a file first, and gives it to `work` then: neither memory nor a transaction waits for a slow
 * client, and a transaction that is run again reads it again.
 *
 * @throws SmkiError as {@link withBodyInFile}
 */
export function withSpooledBody<Result>(
  body: unknown,
  work: (source: () => AsyncIterable<Uint8Array>) => Promise<Result>,
  spooled: SpooledBody = deviceFile,
): Promise<Result> {
  return withBodyInFile(body, (file) => work(() => octetsOf(file)), spooled);
}

async function* atMost(limit: number, body: Readable): AsyncGenerator<Uint8Array> {
  let octets = 0;
  // What is refused half-way is left to be heard out: ended here, its client would find the connection closed.
  for await (const part of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    octets += part.length;
    if (octets > limit) throw new SmkiError("REQUEST_TOO_LARGE", { maximum: limit });
    yield part;
  }
}

const partSize = 64 * 1024;

/** From the beginning, each time. */
async function* octetsOf(file: FileHandle): AsyncGenerator<Uint8Array> {
  for (let position = 0; ; ) {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(partSize), 0, partSize, position);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    position += bytesRead;
  }
}
