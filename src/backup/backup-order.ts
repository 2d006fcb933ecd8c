import type { Database } from "../database/connect.ts";
import type { Clock } from "../time/clock.ts";
import type { EstateFiles, EstateKeyStores } from "./estate-files.ts";

/** The steps of a back-up, in order, by which tests stop it at each. */
export const backupSteps = [
  "begun",
  "checkpoint",
  "snapshot",
  "tables",
  "keys",
  "files",
  "manifest",
  "renamed",
] as const;
export type BackupStep = (typeof backupSteps)[number];

/** What is backed up, and to where. */
export interface BackupOrder {
  readonly database: Database;
  readonly connectionString: string;
  readonly clock: Clock;
  readonly files: EstateFiles;
  readonly keyStores: EstateKeyStores;
  /** The settings file in force, wherever it lies; absent where there is none. */
  readonly settingsFile?: string;
  readonly software: string;
  /** The folder to make. */
  readonly folder: string;
  /** Told of each table: rows so far, of about so many. */
  readonly onTable?: (table: string, done: number, all: number) => void;
  /** Called after each step; what it throws is a crash there. */
  readonly afterStep?: (step: BackupStep) => void | Promise<void>;
}
