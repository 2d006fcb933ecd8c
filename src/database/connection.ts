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
 * For the server's side of a connection over TCP; on a Unix socket they mean nothing. A machine that has no power or no network
 * any more closes nothing, and by the usual two hours of TCP its locks would keep others from its work for as long. So it is found
 * out within half a minute: 10 seconds of silence, then four questions 5 seconds apart.
 */
const serverNotices = {
  tcp_keepalives_idle: 10,
  tcp_keepalives_interval: 5,
  tcp_keepalives_count: 4,
  tcp_user_timeout: 30_000,
};

/** The same on our side, in milliseconds of silence; the system's own intervals after that. */
const ownKeepAlive = 10_000;

/**
 * What node-postgres needs for every kind of connection.
 *
 * @throws SmkiError DATABASE_URL_INVALID; the URL is not repeated, since it may hold a password
 */
export function clientConfig(config: ConnectionConfig, applicationName: string): ClientConfig {
  if (!/^postgres(ql)?:\/\//.test(config.connectionString)) throw new SmkiError("DATABASE_URL_INVALID");
  const { connectionString, options } = withoutOptions(config.connectionString);
  const own = Object.entries(serverNotices).map(([name, value]) => `-c ${name}=${String(value)}`);
  return {
    connectionString,
    application_name: applicationName,
    connectionTimeoutMillis: 30_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: ownKeepAlive,
    options: [options, ...own].join(" ").trim(),
    types: valueTypes,
  };
}

/** Parts a URL from its `options`: node-postgres would take those in the place of ours, and not beside them. */
function withoutOptions(url: string): { connectionString: string; options: string } {
  const [address = "", query = ""] = url.split(/\?(.*)/s);
  const parameters = new URLSearchParams(query);
  const options = parameters.get("options") ?? "";
  parameters.delete("options");
  return {
    connectionString: parameters.size === 0 ? address : `${address}?${parameters.toString()}`,
    options,
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
