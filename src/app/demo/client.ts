import { Agent, request } from "node:https";

/** What a client of the JSON API is: a key with its IKI Certificate, and the CA of the server. */
export interface ClientIdentity {
  readonly certificate: string;
  readonly key: string;
  readonly serverAuthority: string;
}

/** A client of the JSON API as a Party would write it: mutual TLS, connections kept open. */
export class ApiClient {
  readonly #url: string;
  readonly #agent: Agent;

  constructor(url: string, { certificate, key, serverAuthority }: ClientIdentity) {
    this.#url = url;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 8, cert: certificate, key, ca: serverAuthority });
  }

  get<Answer>(path: string): Promise<Answer> {
    return this.#send("GET", path);
  }

  post<Answer>(path: string, body: unknown): Promise<Answer> {
    return this.#send("POST", path, JSON.stringify(body));
  }

  close(): void {
    this.#agent.destroy();
  }

  #send<Answer>(method: string, path: string, body?: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { "content-type": "application/json" };
      const sent = request(`${this.#url}${path}`, { method, agent: this.#agent, headers }, (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(parts).toString();
          if ((response.statusCode ?? 500) < 300) resolve(JSON.parse(text) as Answer);
          else reject(new Error(`${method} ${path} was answered ${String(response.statusCode)}: ${text}`));
        });
      });
      sent.on("error", reject);
      sent.end(body);
    });
  }
}
