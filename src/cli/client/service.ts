import { once } from "node:events";
import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest, type RequestOptions } from "node:https";
import type { TLSSocket } from "node:tls";
import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import { messageMediaType } from "../../web/smki/messages/index.ts";

/** Who asks, and whom they trust: PEM. */
export interface ServiceCredential {
  readonly cert?: string;
  readonly key?: string;
  /** The CAs of the server's certificate; those that the machine trusts if left out. */
  readonly ca?: string;
}

/** What an answer may be at the most. */
export interface AnswerLimits {
  /** Milliseconds without a single octet. */
  readonly idle: number;
  /** Milliseconds for all of it. */
  readonly total: number;
}

/** The synchronous reply to 50,000 CSRs may take long; a result of 35 MB passes a line of 1.5 Mbit/s in 200 s. */
const usualLimits: AnswerLimits = { idle: 10 * 60_000, total: 60 * 60_000 };

/** Octets of an answer that is read whole. */
const smallAnswer = 64 * 1024;

/** A message to be sent, and how long it is. */
export interface OutgoingMessage {
  readonly octets: number;
  readonly pieces: () => AsyncIterable<Buffer>;
  /** Called when all but the last piece went out. */
  readonly beforeLast?: () => void;
  /** Called when the last piece was handed to the system. */
  readonly afterLast?: () => void;
}

/**
 * One service at one address. Each request has a connection of its own, since hours lie between them. A redirection is
 * an answer like any other: it is not followed.
 */
export class HttpService {
  readonly #base: URL;
  readonly #credential: ServiceCredential;
  readonly #limits: AnswerLimits;

  constructor(base: URL, credential: ServiceCredential, limits: AnswerLimits = usualLimits) {
    this.#base = base;
    this.#credential = credential;
    this.#limits = limits;
  }

  /**
   * Sends a message, and reads the small answer to it.
   *
   * @throws SmkiError CLIENT_CREDENTIAL_UNUSABLE, CLIENT_NOT_CONNECTED, CLIENT_ANSWER_STATUS, ANSWER_INVALID where the
   *   answer is too long, or came before the message was sent
   */
  async post(path: string, message: OutgoingMessage): Promise<Buffer> {
    return this.#exchange("POST", path, message, async (answer) => {
      const parts: Buffer[] = [];
      let octets = 0;
      for await (const part of answer as AsyncIterable<Buffer>) {
        octets += part.length;
        if (octets > smallAnswer) throw new SmkiError("ANSWER_INVALID", { reason: "too long" });
        parts.push(part);
      }
      return Buffer.concat(parts);
    });
  }

  /** Asks, and reads the answer as it arrives. @throws SmkiError as `post`; and whatever `take` throws */
  async get(path: string, take: (octets: Buffer) => Promise<void>): Promise<void> {
    await this.#exchange("GET", path, undefined, async (answer) => {
      for await (const part of answer as AsyncIterable<Buffer>) await take(part);
    });
  }

  async #exchange<Result>(
    method: string,
    path: string,
    message: OutgoingMessage | undefined,
    read: (answer: IncomingMessage) => Promise<Result>,
  ): Promise<Result> {
    const deadline = new AbortController();
    const timer = setTimeout(() => {
      deadline.abort(new SmkiError("CLIENT_NOT_CONNECTED", { reason: "the answer does not end" }));
    }, this.#limits.total);
    let request: ClientRequest | undefined;
    try {
      request = this.#open(method, path, message);
      deadline.signal.addEventListener("abort", () => request?.destroy(deadline.signal.reason as Error));
      const answered = once(request, "response") as Promise<[IncomingMessage]>;
      answered.catch(() => undefined); // looked at below, perhaps after the sending has failed with the same
      const isAnswered = { yet: false };
      request.once("response", () => {
        isAnswered.yet = true;
      });
      if (message === undefined) request.end();
      else await send(request, message, isAnswered);
      const [answer] = await answered;
      requireOk(answer, path);
      if (message !== undefined && !request.writableEnded)
        throw new SmkiError("ANSWER_INVALID", { reason: "it came before the message was sent" });
      return await read(answer);
    } catch (error) {
      throw (deadline.signal.reason as SmkiError | undefined) ?? asServiceError(error);
    } finally {
      clearTimeout(timer);
      request?.destroy();
    }
  }

  #open(method: string, path: string, message: OutgoingMessage | undefined): ClientRequest {
    const { hostname, port, protocol, pathname } = this.#base;
    const options: RequestOptions = {
      method,
      // Brackets are the address's, not the host's.
      hostname: hostname.replace(/^\[|\]$/g, ""),
      port,
      path: pathname.replace(/\/$/, "") + path,
      agent: false,
      headers:
        message === undefined ? {} : { "content-type": messageMediaType, "content-length": message.octets },
    };
    const request =
      protocol === "http:" ? httpRequest(options) : httpsRequest({ ...options, ...this.#credential });
    request.setTimeout(this.#limits.idle, () => {
      request.destroy(new SmkiError("CLIENT_NOT_CONNECTED", { reason: "no answer" }));
    });
    // Told by whoever waits for the answer; one that comes after it is nobody's.
    request.on("error", () => undefined);
    return request;
  }
}

async function send(
  request: ClientRequest,
  { pieces, beforeLast, afterLast }: OutgoingMessage,
  isAnswered: { readonly yet: boolean },
): Promise<void> {
  await connected(request);
  let held: Buffer | undefined;
  for await (const piece of pieces()) {
    // Whoever answers already does not want the rest.
    if (isAnswered.yet) return;
    if (held !== undefined && !request.write(held)) await drained(request);
    held = piece;
  }
  if (isAnswered.yet) return;
  beforeLast?.();
  await new Promise<void>((resolve, reject) => {
    request.once("error", reject);
    request.once("response", () => {
      resolve();
    });
    request.end(held, resolve);
  });
  afterLast?.();
}

/** Until more may be sent, or an answer came; whichever it is leaves no listener. */
async function drained(request: ClientRequest): Promise<void> {
  const either = new AbortController();
  const { signal } = either;
  try {
    await Promise.race([once(request, "drain", { signal }), once(request, "response", { signal })]);
  } finally {
    // The other one is given up: nobody hears of it.
    either.abort();
  }
}

/** Nothing is sent to a server that is not the one: its certificate is checked first. */
async function connected(request: ClientRequest): Promise<void> {
  const [socket] = (await once(request, "socket")) as [TLSSocket];
  if (socket.connecting) await once(socket, "encrypted" in socket ? "secureConnect" : "connect");
}

function requireOk({ statusCode = 0, headers }: IncomingMessage, path: string): void {
  if (statusCode === 200) return;
  const { location } = headers;
  throw new SmkiError("CLIENT_ANSWER_STATUS", {
    status: statusCode,
    // Without its query, where an API key may stand.
    path: path.replace(/\?.*$/s, ""),
    ...(location === undefined ? {} : { location: location.slice(0, 200) }),
  });
}

function asServiceError(error: unknown): SmkiError {
  if (isSmkiError(error)) return error;
  const { code = "", message } = error as NodeJS.ErrnoException;
  // What OpenSSL says of PEM that it cannot read, and of a key that is another certificate's.
  if (/^ERR_OSSL_|^ERR_CRYPTO_/.test(code))
    return new SmkiError("CLIENT_CREDENTIAL_UNUSABLE", { reason: code }, { cause: error });
  return new SmkiError("CLIENT_NOT_CONNECTED", { reason: (code || message).slice(0, 80) }, { cause: error });
}
