import { Client, type ClientConfig, type PoolClient } from "pg";
import { SmkiError } from "../errors/smki-error.ts";
import { valueTypes } from "./value-types.ts";

/** Oldest major version whose SQL the program may rely on. */
const oldestServer = 15;

/** Where the database is. */
export interface ConnectionConfig {
  /** `postgresql://user@host:5432/database`; a folder as `?host=` means a Unix socket. It may hold a password. */
  readonly connectionString: string;
}

/**
 * What node-postgres needs for every kind of connection.
 *
 * @throws SmkiError DATABASE_URL_INVALID; the URL is not repeated, since it may hold a password
 */
export function clientConfig(config: ConnectionConfig, applicationName: string): ClientConfig {
  if (!/^postgres(ql)?:\/\//.test(config.connectionString)) throw new SmkiError("DATABASE_URL_INVALID");
  return {
    connectionString: config.connectionString,
    application_name: applicationName,
    connectionTimeoutMillis: 30_000,
    keepAlive: true,
    types: valueTypes,
  };
}

/** Refuses a server older than the SQL that the program uses. @throws SmkiError DATABASE_TOO_OLD */
export async function requireServerVersion(
  client: Client | PoolClient,
  oldest: number = oldestServer,
): Promise<number> {
  const { rows } = await client.query<{ version: number }>(
    "select current_setting('server_version_num')::int as version",
  );
  const major = Math.floor((rows[0]?.version ?? 0) / 10_000);
  if (major < oldest) throw new SmkiError("DATABASE_TOO_OLD", { server: major, needed: oldest });
  return major;
}

/**
 * A connection of its own, outside the pools.
 *
 * @param onLost - called once when the connection ends other than by `end()`
 */
export async function dedicatedClient(
  config: ConnectionConfig,
  applicationName: string,
  onLost: (cause?: Error) => void,
): Promise<Client> {
  const client = new Client(clientConfig(config, applicationName));
  // Without a listener a lost connection would end the process.
  client.on("error", () => undefined);
  await client.connect();
  client.on("error", onLost);
  client.on("end", () => {
    onLost();
  });
  return client;
}
