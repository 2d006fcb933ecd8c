import { Agent, request } from "node:https";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** What a client of the service is: a key with its IKI Certificate, and the CA of the server. */
export interface ClientIdentity {
  readonly certificate: string;
  readonly key: string;
  readonly serverAuthority: string;
}

/** A client of the service as a Party would write it: mutual TLS, connections kept open. */
export class ApiClient {
  readonly #url: string;
  readonly #agent: Agent;

  constructor(url: string, { certificate, key, serverAuthority }: ClientIdentity) {
    this.#url = url;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 8, cert: certificate, key, ca: serverAuthority });
  }

  async get<Answer>(path: string): Promise<Answer> {
    return JSON.parse((await this.send("GET", path)).toString()) as Answer;
  }

  async post<Answer>(path: string, body: unknown): Promise<Answer> {
    const sent = { type: "application/json", octets: [Buffer.from(JSON.stringify(body))] };
    return JSON.parse((await this.send("POST", path, sent)).toString()) as Answer;
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Sends what it is given, as it comes. @returns the answer's body, of a status below 300 */
  send(
    method: string,
    path: string,
    body?: { readonly type: string; readonly octets: Iterable<Buffer> | AsyncIterable<Buffer> },
  ): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { "content-type": body.type };
      const sent = request(`${this.#url}${path}`, { method, agent: this.#agent, headers }, (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("error", reject);
        response.on("end", () => {
          const octets = Buffer.concat(parts);
          if ((response.statusCode ?? 500) < 300) resolve(octets);
          else
            reject(
              new Error(
                `${method} ${path} was answered ${String(response.statusCode)}: ${octets.toString()}`,
              ),
            );
        });
      });
      sent.on("error", reject);
      if (body === undefined) sent.end();
      else pipeline(Readable.from(body.octets), sent).catch(reject);
    });
  }
}
