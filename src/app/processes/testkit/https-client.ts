import { readFileSync } from "node:fs";
import { Agent, type RequestOptions, request } from "node:https";
import { join } from "node:path";
import { serverAuthorityFile } from "../server-certificate.ts";
import type { Identity, UpService } from "./estates.ts";

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly octets: Buffer;
  readonly text: string;
  /** The body as JSON. */
  readonly json: () => unknown;
}

/** A client of one identity, or of none, on one kept-alive connection. */
export interface HttpsClient {
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  post(path: string, body: unknown): Promise<Answer>;
  send(method: string, path: string, options?: SendOptions): Promise<Answer>;
  close(): void;
}

export interface SendOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** What a refusal looks like. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly request: string;
}

/** The refusal that an answer holds. */
export const refusalIn = (answer: Answer): Refusal => answer.json() as Refusal;

/** A client of a running service. */
export function clientOf({ answer, data }: UpService, identity?: Identity): HttpsClient {
  const ca = readFileSync(serverAuthorityFile(join(data, "tls")), "utf8");
  return httpsClient(answer.url, { ca, ...identity });
}

/** A client that trusts the given CA. */
export function httpsClient(url: string, options: { readonly ca: string } & Partial<Identity>): HttpsClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ...options });
  const send: HttpsClient["send"] = (method, path, { headers = {}, body } = {}) =>
    sendRequest(new URL(url), { method, path, headers, agent }, body);
  return {
    send,
    get: (path, headers) => send("GET", path, headers === undefined ? {} : { headers }),
    post: (path, body) =>
      send("POST", path, { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
    close: () => {
      agent.destroy();
    },
  };
}

function sendRequest(
  { hostname, port }: URL,
  options: RequestOptions,
  body: string | Buffer | undefined,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    // The path as it is, so that tricks in it arrive.
    const sent = request({ hostname, port, ...options }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", reject);
      response.on("end", () => {
        const octets = Buffer.concat(parts);
        const text = octets.toString();
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          octets,
          text,
          json: () => JSON.parse(text) as unknown,
        });
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
