import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { pino } from "pino";
import { lodgeTestHierarchy, type TestHierarchy } from "../../authorities/authorities.testkit.ts";
import type { Database } from "../../database/connect.ts";
import { testDatabase } from "../../database/testkit.ts";
import { localOperator } from "../../registration/principal.ts";
import { registerParty } from "../../registration/registration.ts";
import { issueApiKey, registerUser } from "../../repository/access/access.ts";
import { ResponseTimes } from "../../repository/response-times.ts";
import { rulebookFor } from "../../rulebook/index.ts";
import { createWebServer } from "../server/create-server.ts";
import { makeServerCertificate } from "../tls/self-made-certificate.ts";
import { readXmlDocument, type XmlElement } from "../xml/index.ts";
import { registerRepositoryService } from "./repository-service.ts";

export const operator = localOperator("test");
export const rules = rulebookFor("response");
const noon = new Date("2026-06-01T12:00:00Z");

/** An answer of the service. */
export interface ServiceAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly root: XmlElement;
}

/** The web service over TLS on a database of its own, with what it logged. */
export interface ServiceTestbed {
  readonly database: Database;
  readonly hierarchy: TestHierarchy;
  readonly partyId: number;
  readonly url: string;
  readonly logText: () => string;
  readonly now: () => Date;
  /** Sets the service's clock. */
  at(minutesAfterNoon: number): void;
  /** A new user's number and API key. */
  user(): Promise<{ readonly id: number; readonly apiKey: string }>;
  post(path: string, body: string, headers?: Readonly<Record<string, string>>): Promise<ServiceAnswer>;
  readonly times: ResponseTimes;
  /** Stops the server alone, which stores what it counted. */
  stop(): Promise<void>;
  end(): Promise<void>;
}

/** Makes it. From then on this process trusts the server's CA. */
export async function serviceTestbed(): Promise<ServiceTestbed> {
  const { database, drop } = await testDatabase();
  let minutes = 0;
  const now = () => new Date(noon.getTime() + minutes * 60_000);
  const [hierarchy, partyId] = await database.transaction(async (tx) => [
    await lodgeTestHierarchy(tx, noon),
    await registerParty(
      tx,
      operator,
      { name: "Sample", categories: ["other-user"], roles: [], identifiers: [], ranges: [] },
      noon,
    ),
  ]);
  const lines: string[] = [];
  const made = makeServerCertificate(["127.0.0.1"], new Date());
  setDefaultCACertificates([...getCACertificates("default"), made.authority]);
  const server = createWebServer({
    tls: { cert: made.certificate, key: made.key },
    clientAuthorities: [],
    logger: pino({ level: "trace" }, { write: (line: string) => void lines.push(line) }),
    bodyLimit: 1024 * 1024,
  });
  const responseTimes = new ResponseTimes(database, now, rules, () => undefined);
  await registerRepositoryService(server, { database, clock: now, rules, responseTimes });
  server.addHook("onClose", () => responseTimes.close());
  const url = `${await server.listen({ host: "127.0.0.1", port: 0 })}/`;
  let users = 0;
  return {
    ...{ database, hierarchy, partyId, url, now, times: responseTimes },
    logText: () => lines.join(""),
    at: (later) => {
      minutes = later;
    },
    user: () =>
      database.transaction(async (tx) => {
        const id = await registerUser(tx, operator, { partyId, name: `user ${String((users += 1))}` }, now());
        return { id, apiKey: await issueApiKey(tx, operator, id, now()) };
      }),
    post: async (path, body, headers = {}) => {
      const all = { "content-type": "application/xml", ...headers };
      const response = await fetch(`${url}services/${path}`, { method: "POST", headers: all, body });
      const text = await response.text();
      const limits = {
        maximumOctets: 2 ** 30,
        maximumDepth: 8,
        maximumAttributes: 8,
        maximumTokenLength: 2 ** 30,
      };
      const root = readXmlDocument(Buffer.from(text), limits);
      return { status: response.status, headers: response.headers, text, root };
    },
    stop: async () => {
      await server.close();
    },
    end: async () => {
      await server.close();
      await drop();
    },
  };
}
