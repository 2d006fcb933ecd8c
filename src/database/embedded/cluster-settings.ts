/** The server's settings. They are the program's; an operator's own go in with ALTER SYSTEM, and win. */
const tuning = {
  // Bulk issuing writes tens of thousands of rows a second. Few, spread-out checkpoints keep full-page
  // images from doubling what is written. They are not compressed: pages of random keys give a seventh of their octets, and
  // took half of the processor time that PostgreSQL spends on a certificate (bench growth, at a million stored).
  shared_buffers: "256MB",
  max_wal_size: "4GB",
  min_wal_size: "256MB",
  checkpoint_timeout: "15min",
  checkpoint_completion_target: "0.9",
  wal_compression: "off",
  wal_buffers: "16MB",
  work_mem: "16MB",
  maintenance_work_mem: "128MB",
  max_connections: "200",
  // The estimates of the planner suit solid-state disks.
  random_page_cost: "1.1",
  // Every figure is in UTC, whatever the machine's zone.
  timezone: "'UTC'",
  log_timezone: "'UTC'",
  // A transaction that its client forgot must not keep others waiting for ever.
  idle_in_transaction_session_timeout: "10min",
  cluster_name: "'opensmki'",
  log_line_prefix: "'%p '",
} as const;

/** Text of `postgresql.conf`, rewritten at each start so that a new release brings its own. */
export function renderServerConfiguration(): string {
  const lines = Object.entries(tuning).map(([name, value]) => `${name} = ${value}`);
  return `# Written at each start. Use ALTER SYSTEM for settings of your own.\n${lines.join("\n")}\n`;
}

/** Text of `pg_hba.conf`: the kernel says who is at the other end of the socket, and `pg_ident.conf` who may be. */
export const hostBasedAuthentication = "local all all peer map=opensmki\n";

/**
 * Text of `pg_ident.conf`.
 *
 * @param users - names of the system's users who may connect
 * @param role - the role that they may connect as
 */
export function renderUserMap(users: readonly string[], role: string): string {
  // In quotes, but for a leading slash, which would begin a pattern (PostgreSQL's manual, 20.2), all is meant as it is.
  const plain = users.filter((user) => /^[^"/\\\s][^"\r\n]*$/u.test(user));
  return plain.map((user) => `opensmki "${user}" ${role}\n`).join("");
}

/**
 * Arguments that hold what must not be set otherwise: no network, and durability.
 *
 * @param socketFolder - the folder of the Unix socket
 * @param overrides - settings for tests only
 */
export function serverArguments(socketFolder: string, overrides: Readonly<Record<string, string>>): string[] {
  const settings = {
    listen_addresses: "",
    unix_socket_directories: socketFolder,
    unix_socket_permissions: "0700",
    port: "5432",
    fsync: "on",
    synchronous_commit: "on",
    full_page_writes: "on",
    ...overrides,
  };
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}
