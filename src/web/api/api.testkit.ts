import { hash } from "node:crypto";
import { sql } from "kysely";
import { pino } from "pino";
import { lodgeTestHierarchy } from "../../authorities/authorities.testkit.ts";
import { eui64, serialNumberFromOctets } from "../../certificates/index.ts";
import { type TestDatabase, testDatabase } from "../../database/testkit.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import { localOperator } from "../../registration/principal.ts";
import {
  appointOfficer,
  approveSubscriber,
  grantCredential,
  registerParty,
} from "../../registration/registration.ts";
import { rulebookFor } from "../../rulebook/index.ts";
import { extractRoutes } from "../file-transfer/extract-routes.ts";
import { createWebServer, type WebServer } from "../server/create-server.ts";
import type { ReadClientCertificate } from "../server/principal.ts";
import { makeServerCertificate } from "../tls/self-made-certificate.ts";
import { registerApi } from "./api.ts";
import type { ApiContext } from "./context.ts";

const rules = rulebookFor("response");
const now = new Date("2026-03-04T05:06:07.008Z");
const notAfter = new Date("2028-03-04T05:06:07Z");

/** One route: method and path, as it was registered. */
export interface Route {
  readonly method: string;
  readonly path: string;
}

/** The JSON API on a database of its own, asked by `inject`; no worker is at work. */
export interface ApiTestbed {
  readonly server: WebServer;
  readonly database: TestDatabase["database"];
  readonly connectionString: string;
  /** Every route, HEAD left out: Fastify makes one of each GET. */
  readonly routes: readonly Route[];
  /** The header under which a request counts as that of the officer in that hat. */
  readonly as: (hat: "device" | "organisation") => Readonly<Record<string, string>>;
  end(): Promise<void>;
}

const serialOf = { device: "10".padEnd(32, "1"), organisation: "10".padEnd(32, "2") } as const;
const asHeader = "x-test-credential";

/** @param context - in place of what is usual */
export async function apiTestbed(context: Partial<ApiContext> = {}): Promise<ApiTestbed> {
  const { database, connectionString, drop } = await testDatabase();
  const operator = localOperator("test");
  await database.transaction(async (tx) => {
    await lodgeTestHierarchy(tx, now);
    const identifiers = [eui64("70b3d51f30010000")];
    const party = {
      name: "Sample Supply Ltd",
      categories: ["large-supplier"],
      roles: [2],
      identifiers,
      ranges: [],
    } as const;
    const partyId = await registerParty(tx, operator, party, now);
    const office = "authorised-responsible-officer" as const;
    const officerId = await appointOfficer(tx, operator, { partyId, name: "An officer", office }, now);
    for (const hat of ["device", "organisation"] as const) {
      await approveSubscriber(tx, operator, partyId, hat, now);
      const serialNumber = serialNumberFromOctets(Buffer.from(serialOf[hat], "hex"));
      await sql`
        insert into certificate
          (serial_number, kind, authority_id, usage, not_before, not_after, party_id, lodged_at, certificate)
        values (${Buffer.from(serialOf[hat], "hex")}, 'iki', 'issuing-oca', 'DS', ${now}, ${notAfter}, ${partyId},
          ${now}, ${Buffer.from(hat)})`.execute(tx);
      await grantCredential(tx, operator.name, { serialNumber, partyId, officerId, subscriberFor: hat }, now);
    }
  });

  const made = makeServerCertificate(["127.0.0.1"], now);
  const server = createWebServer({
    tls: { cert: made.certificate, key: made.key },
    clientAuthorities: [made.authority],
    logger: pino({ level: "silent" }),
    bodyLimit: 1024 * 1024,
  });
  const routes: Route[] = [];
  server.addHook("onRoute", ({ method, url }) => {
    for (const one of [method].flat()) if (one !== "HEAD") routes.push({ method: one, path: url });
  });
  const readClientCertificate: ReadClientCertificate = ({ headers }) => {
    const hat = headers[asHeader];
    if (hat !== "device" && hat !== "organisation") throw new SmkiError("CREDENTIAL_REQUIRED");
    return {
      serialNumber: serialNumberFromOctets(Buffer.from(serialOf[hat], "hex")),
      notAfter,
      sha256: hash("sha256", hat, "hex"),
    };
  };
  const door = { database, clock: () => now, rules, readClientCertificate };
  await registerApi(server, {
    database,
    clock: () => now,
    rules,
    terms: {
      maximumBatchSize: rules.maximumBatchSize.value,
      approval: "rule",
      window: undefined,
      pickup: rules.pickupDays,
      polling: rules.batchPolling.value,
    },
    environment: "test",
    edition: "response",
    software: "opensmki test",
    ledgerVerifierKey: "test+00000000+AQ==",
    ledger: { isPublic: true, quorum: 0 },
    patience: 1,
    ...context,
    readClientCertificate,
    beside: (described) =>
      extractRoutes(described, { ...door, folder: "none", usage: { count: () => undefined } }),
  });
  await server.ready();
  return {
    server,
    database,
    connectionString,
    routes,
    as: (hat) => ({ [asHeader]: hat }),
    end: async () => {
      await server.close();
      await drop();
    },
  };
}
