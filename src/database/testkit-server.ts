// Started by testkit.ts, once a test run: holds the run's server, and stops it when the run ends.
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "./connect.ts";
import { startEmbeddedServer } from "./embedded/server.ts";
import { migrate } from "./migrate.ts";

const [folder = "", runPid = ""] = process.argv.slice(2);

function isRunAlive(): boolean {
  try {
    process.kill(Number(runPid), 0);
    return true;
  } catch {
    return false;
  }
}

function publish(name: string, text: string): void {
  writeFileSync(join(folder, `${name}.new`), text);
  renameSync(join(folder, `${name}.new`), join(folder, name));
}

try {
  const server = await startEmbeddedServer({
    dataFolder: folder,
    // What a test writes is thrown away: nothing needs to survive a power cut.
    overrides: {
      fsync: "off",
      synchronous_commit: "off",
      full_page_writes: "off",
      shared_buffers: "128MB",
      max_connections: "300",
      max_wal_size: "512MB",
      autovacuum: "off",
    },
  });
  const database = connect(server, { applicationName: "testkit", poolSize: 1 });
  await migrate(database);
  // A template must have no connection.
  await database.close();
  publish("ready", server.connectionString);
  while (isRunAlive()) await sleep(100);
  await server.stop();
} catch (error) {
  publish("failed", error instanceof Error ? (error.stack ?? error.message) : String(error));
  while (isRunAlive()) await sleep(100);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
