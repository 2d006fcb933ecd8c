import { sql } from "kysely";
import type { Estate } from "../../src/app/estate/estate.ts";
import { memoryFileSystemOf } from "../report/machine.ts";
import type { Check } from "../report/measurement.ts";

/** What keeps an acknowledged act through a power cut. */
const durability = ["fsync", "synchronous_commit", "full_page_writes"] as const;

/** The server's settings that decide what a figure is worth, as the server itself says them. */
export type ServerSettings = Readonly<Record<(typeof durability)[number] | "server_version", string>>;

export async function serverSettings({ database }: Estate): Promise<ServerSettings> {
  const { rows } = await database.read((tx) =>
    sql<ServerSettings>`
      select current_setting('fsync') as fsync, current_setting('synchronous_commit') as synchronous_commit,
             current_setting('full_page_writes') as full_page_writes,
             current_setting('server_version') as server_version`.execute(tx),
  );
  const [settings] = rows;
  if (settings === undefined) throw new Error("the server does not tell its settings");
  return settings;
}

/** Refuses figures of a server that would lose data, or of a disk that is memory. */
export function durabilityChecks(settings: ServerSettings, dataFolder: string): Check[] {
  const inMemory = memoryFileSystemOf(dataFolder);
  return [
    ...durability.map((name) => ({ name, holds: settings[name] === "on", found: settings[name] })),
    { name: "data folder on a disk", holds: inMemory === undefined, found: inMemory ?? "no tmpfs" },
  ];
}
