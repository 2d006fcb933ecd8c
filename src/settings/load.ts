import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, dirname, resolve } from "node:path";
import { SmkiError } from "../errors/smki-error.ts";
import type { SettingValue } from "./definition.ts";
import { resolveValues, type Values } from "./resolve.ts";
import { addKeyStoreDefaults, findConflicts } from "./rules.ts";
import { catalogue } from "./schema.ts";
import type { Settings } from "./settings.ts";
import {
  type Given,
  type Mistake,
  readEnvironment,
  readFile,
  readOverrides,
  type Source,
} from "./sources.ts";

/** Where settings come from; each source wins over the one before it. */
export interface SettingsSources {
  /** Path of the settings file; none is looked for if left out. */
  readonly file?: string | undefined;
  /** The environment, usually `process.env`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What the command line gave, by dotted key, for example `{ dataFolder: "/srv/smki" }`. */
  readonly overrides?: Readonly<Record<string, SettingValue | undefined>>;
  /** What relative paths that are not in the file are meant from; the process's own if left out. */
  readonly workingFolder?: string;
  /** Cores of the machine, for the count of workers; asked of the machine if left out. */
  readonly cores?: number;
}

/** Every mistake, or the settings. */
export type SettingsCheck =
  | { readonly settings: Settings; readonly mistakes: readonly [] }
  | { readonly settings?: never; readonly mistakes: readonly [Mistake, ...Mistake[]] };

function readSettingsFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new SmkiError("SETTINGS_FILE_MISSING", { file }, { cause });
  }
}

/** Builds the nested object out of dotted keys, and freezes it. */
function nest(values: ReadonlyMap<string, unknown>): Settings {
  const root: Record<string, unknown> = {};
  for (const { key } of catalogue) {
    const parts = key.split(".");
    const last = parts.pop() ?? "";
    let table = root;
    for (const part of parts) table = (table[part] ??= {}) as Record<string, unknown>;
    if (values.has(key)) table[last] = values.get(key);
  }
  const freeze = (table: Record<string, unknown>): void => {
    for (const value of Object.values(table))
      if (typeof value === "object" && value !== null) freeze(value as Record<string, unknown>);
    Object.freeze(table);
  };
  const keys = root["keys"] as Record<string, Record<string, unknown>>;
  for (const purpose of ["operational", "ceremony"])
    keys[purpose] = { ...keys[purpose], environment: values.get("environment"), purpose };
  freeze(root);
  // The values were checked one by one against the schema, and the key stores by their kind.
  return root as unknown as Settings;
}

/** Settings of the other kind of key store have no effect; they are left out, so that the type holds. */
function dropOtherKind(values: Values): void {
  for (const purpose of ["operational", "ceremony"]) {
    const others =
      values.get(`keys.${purpose}.kind`) === "pkcs11"
        ? ["file", "passphraseFile"]
        : ["module", "tokenLabel", "tokenSerial", "pinFile", "signing"];
    for (const name of others) values.delete(`keys.${purpose}.${name}`);
  }
}

/**
 * Reads and checks the settings, and finds every mistake at once.
 *
 * @throws SmkiError SETTINGS_FILE_MISSING, SETTINGS_FILE_INVALID
 */
export function checkSettings(sources: SettingsSources): SettingsCheck {
  const working = sources.workingFolder ?? process.cwd();
  const file = sources.file === undefined ? undefined : resolve(working, sources.file);
  const read: Source[] = [
    ...(file === undefined ? [] : [readFile(readSettingsFile(file), basename(file), catalogue)]),
    readEnvironment(sources.env, catalogue),
    readOverrides(sources.overrides ?? {}, catalogue),
  ];
  const given = new Map<string, Given>(read.flatMap((source) => [...source.given]));
  const ofFile = file === undefined ? working : dirname(file);
  const { values, mistakes } = resolveValues(catalogue, given, { ofFile, working });
  addKeyStoreDefaults(values);
  if (!values.has("workers.count")) values.set("workers.count", sources.cores ?? availableParallelism());
  const alreadyNamed = new Set(mistakes.map(({ key }) => key));
  const conflicts = findConflicts(values)
    .filter(({ key }) => !alreadyNamed.has(key))
    .map(({ key, problem }): Mistake => ({ key, problem, where: given.get(key)?.where ?? "not set" }));
  const [first, ...others] = [...read.flatMap((source) => source.mistakes), ...mistakes, ...conflicts];
  if (first !== undefined) return { mistakes: [first, ...others] };
  dropOtherKind(values);
  return { settings: nest(values), mistakes: [] };
}

/**
 * Reads the settings: the file, then the environment, then the command line.
 *
 * @returns them complete and frozen
 * @throws SmkiError SETTINGS_INVALID naming every mistake, one a line in `details.mistakes`;
 *   SETTINGS_FILE_MISSING, SETTINGS_FILE_INVALID
 */
export function loadSettings(sources: SettingsSources): Settings {
  const { settings, mistakes } = checkSettings(sources);
  if (settings !== undefined) return settings;
  const lines = mistakes.map(({ key, problem, where }) => `${key} ${problem} (${where})`);
  throw new SmkiError("SETTINGS_INVALID", { mistakes: lines.join("\n") });
}
