import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { createOutput, type Output } from "../../cli/output.ts";
import { loadSettings } from "../../settings/load.ts";
import type { Settings } from "../../settings/settings.ts";
import { type Estate, openEstate, requireFounded } from "../estate/estate.ts";

/** Options of every verb that works on an estate. */
export interface EstateOptions {
  readonly data?: string;
  readonly settings?: string;
  readonly json?: boolean;
}

/** Adds those options to a verb. */
export function withEstateOptions(command: Command): Command {
  return command
    .option("--data <folder>", "the data folder (default: dataFolder in the settings, smki-data)")
    .option("--settings <file>", "the settings file (default: smki.toml in the data folder, if there is one)")
    .option("--json", "answers in JSON");
}

/**
 * The settings of a verb: the file, then the environment, then the options. An environment that nobody named is
 * `test`: a live estate is always asked for in so many words.
 */
export function settingsOf(
  options: EstateOptions,
  overrides: Readonly<Record<string, string | number>> = {},
): Settings {
  const file = settingsFileOf(options);
  const env = file === undefined ? { SMKI_ENVIRONMENT: "test", ...process.env } : process.env;
  return loadSettings({
    file,
    env,
    overrides: { ...(options.data === undefined ? {} : { dataFolder: options.data }), ...overrides },
  });
}

/** The settings file in force: the one that is named, else the one in the data folder, if there is one. */
export function settingsFileOf(options: EstateOptions): string | undefined {
  const dataFolder = options.data ?? process.env["SMKI_DATA_FOLDER"];
  const inData = resolve(join(dataFolder ?? "smki-data", "smki.toml"));
  return options.settings ?? process.env["SMKI_SETTINGS"] ?? (existsSync(inData) ? inData : undefined);
}

/**
 * Opens the estate for the length of one verb: joins a running service, or starts its database.
 *
 * @param founds - the verb may found an estate; any other wants one that is there, so that a mistyped folder
 *   does not become one
 * @throws SmkiError ESTATE_EMPTY
 */
export async function withEstate<Result>(
  options: EstateOptions,
  work: (estate: Estate, output: Output) => Promise<Result>,
  founds = false,
): Promise<Result> {
  const settings = settingsOf(options);
  if (!founds) requireFounded(settings);
  const estate = await openEstate(settings, { applicationName: "smki", server: "join" });
  try {
    return await work(estate, createOutput(options.json));
  } finally {
    await estate.close();
  }
}
