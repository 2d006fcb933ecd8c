import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { connect, type Database } from "../database/connect.ts";
import { type EmbeddedServer, startEmbeddedServer } from "../database/embedded/server.ts";
import { testDatabase } from "../database/testkit.ts";
import { type IssuingEstate, issuingEstate } from "../issuance/issuance.testkit.ts";
import type { SignerSettings } from "../keys/settings.ts";
import { formatVerifierKey } from "../ledger/note.ts";
import type { BackupOrder } from "./backup-order.ts";
import { type EstateFiles, type EstateKeyStores, estateFiles } from "./estate-files.ts";
import { restore } from "./restore.ts";
import type { Restored, RestoreOrder } from "./restore-order.ts";
import { type TakenBackup, takeBackup } from "./take-backup.ts";
import type { BackupTask, RestoreTask } from "./testkit/backup-task.ts";

/** An estate with Parties on the run's server, which can be backed up and restored elsewhere. */
export interface BackedUpEstate extends IssuingEstate {
  /** For back-ups and restored estates; removed at the end. */
  readonly place: string;
  readonly files: EstateFiles;
  readonly keyStores: EstateKeyStores;
  backup(name: string, changes?: Partial<BackupOrder>): Promise<TakenBackup>;
  /** Restores into `place`, embedded unless `databaseUrl` says otherwise; nothing is known from outside by default. */
  restore(name: string, backup: string, changes?: Partial<RestoreOrder>): Promise<Restored>;
  /** The same order as plain data, for a process of its own. */
  restoreTask(name: string, backup: string, changes?: Partial<RestoreTask>): RestoreTask;
  backupTask(name: string, changes?: Partial<BackupTask>): BackupTask;
  /** Opens a restored estate that has the embedded database; `end` closes it. */
  open(name: string): Promise<Database>;
  /** How to connect to what `open` opened. */
  connectionOf(name: string): string;
  /** Its key stores. */
  storesAt(name: string): EstateKeyStores;
  /** A database without tables on the run's server. */
  emptyDatabase(): Promise<string>;
}

/** Founds it. */
export async function backedUpEstate(operationalStore?: SignerSettings): Promise<BackedUpEstate> {
  const estate = await issuingEstate({
    released: 2,
    ...(operationalStore === undefined ? {} : { operationalStore }),
  });
  const place = mkdtempSync(join(tmpdir(), "smki-backup-"));
  const files: EstateFiles = {
    ...estateFiles(estate.folder),
    lastCheckpoint: join(estate.folder, "last-checkpoint"),
  };
  writeFileSync(files.ledgerVerifierKey, `${formatVerifierKey(estate.ledger.verifier)}\n`);
  const keyStores = { operational: estate.operationalStore, ceremony: estate.ceremonyStore };
  const opened: { database: Database; server?: EmbeddedServer; drop?: () => Promise<void> }[] = [];
  const connections = new Map<string, string>();
  const storesAt = (data: string): EstateKeyStores => {
    const at = (store: SignerSettings) =>
      store.kind === "pkcs11" ? store : { ...store, file: join(data, "keys", `${store.purpose}.keys`) };
    return { operational: at(keyStores.operational), ceremony: at(keyStores.ceremony) };
  };
  const orderOf = (name: string, backup: string) => {
    const dataFolder = join(place, name);
    return {
      backup: join(place, backup),
      dataFolder,
      environment: "test" as const,
      keyStores: storesAt(dataFolder),
      outside: { checkpoints: [], nothingLost: false },
      acceptLoss: false,
    };
  };
  return {
    ...estate,
    place,
    files,
    keyStores,
    backup: (name, changes = {}) =>
      takeBackup({
        database: estate.database,
        connectionString: estate.connectionString,
        clock: estate.clock.read,
        files,
        keyStores,
        software: "a test",
        folder: join(place, name),
        ...changes,
      }),
    restore: (name, backup, changes = {}) =>
      restore({
        ...orderOf(name, backup),
        by: "operator:test",
        clock: estate.clock.read,
        stockSize: 3,
        ...changes,
      }),
    restoreTask: (name, backup, changes = {}) => ({ task: "restore", ...orderOf(name, backup), ...changes }),
    backupTask: (name, changes = {}) => ({
      task: "backup",
      connectionString: estate.connectionString,
      files,
      keyStores,
      folder: join(place, name),
      ...changes,
    }),
    open: async (name) => {
      const server = await startEmbeddedServer({ dataFolder: join(place, name) });
      connections.set(name, server.connectionString);
      const database = connect(server, { applicationName: "test", poolSize: 8 });
      opened.push({ database, server });
      return database;
    },
    connectionOf: (name) => connections.get(name) ?? "",
    storesAt: (name) => storesAt(join(place, name)),
    emptyDatabase: async () => {
      const { database, connectionString, drop } = await testDatabase(2);
      await database.transaction((tx) => sql`drop schema public cascade`.execute(tx));
      await database.transaction((tx) => sql`create schema public`.execute(tx));
      opened.push({ database, drop });
      return connectionString;
    },
    end: async () => {
      for (const { database, server, drop } of opened) {
        if (drop === undefined) await database.close();
        await server?.stop();
        await drop?.();
      }
      await estate.end();
      rmSync(place, { recursive: true, force: true });
    },
  };
}

/** Runs a task in a process of its own. @returns how it ended: its status, and the signal that ended it */
export async function runTask(task: BackupTask | RestoreTask): Promise<[number | null, string | null]> {
  const program = join(import.meta.dirname, "testkit", "backup-process.ts");
  const child = spawn(process.execPath, [program, JSON.stringify(task)], { stdio: "inherit" });
  return (await once(child, "exit")) as [number | null, string | null];
}
