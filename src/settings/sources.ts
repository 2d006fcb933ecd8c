import { parse, type TomlError } from "smol-toml";
import { SmkiError } from "../errors/smki-error.ts";
import type { Setting } from "./definition.ts";
import { didYouMean } from "./spelling.ts";

/** A value that was given, and where. */
export interface Given {
  readonly value: unknown;
  /** `smki.toml line 4`, `SMKI_WEB_PORT` or `the option --data`. */
  readonly where: string;
  /** From the settings file, so that a relative path is meant from its folder. */
  readonly fromFile?: boolean;
}

/** One thing that is wrong. */
export interface Mistake {
  readonly key: string;
  readonly problem: string;
  readonly where: string;
}

/** What one source gave. */
export interface Source {
  readonly given: ReadonlyMap<string, Given>;
  readonly mistakes: readonly Mistake[];
}

const unknownKey = (key: string, known: readonly string[], where: string): Mistake => {
  const meant = didYouMean(key, known);
  return { key, problem: `is not a setting${meant === undefined ? "" : `; did you mean ${meant}?`}`, where };
};

const bare = (name: string): string =>
  name
    .replaceAll(/["']/g, "")
    .replaceAll(/\s*\.\s*/g, ".")
    .trim();

/** The line of each key. Only to tell the reader where to look: smol-toml keeps no positions. */
function findLines(toml: string): Map<string, number> {
  const lines = new Map<string, number>();
  let table = "";
  toml.split("\n").forEach((line, index) => {
    const header = /^\s*\[([^[\]]+)\]/.exec(line)?.[1];
    if (header !== undefined) table = `${bare(header)}.`;
    const name = header === undefined ? /^\s*([A-Za-z0-9_."' -]+?)\s*=/.exec(line)?.[1] : undefined;
    const key = header === undefined ? name && table + bare(name) : table.slice(0, -1);
    if (key !== undefined && key !== "" && !lines.has(key)) lines.set(key, index + 1);
  });
  return lines;
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/**
 * Reads the settings file.
 *
 * @param toml - its text
 * @param name - its name, for mistakes
 * @throws SmkiError SETTINGS_FILE_INVALID when it is not TOML at all
 */
export function readFile(toml: string, name: string, settings: readonly Setting[]): Source {
  let document: Record<string, unknown>;
  try {
    document = parse(toml);
  } catch (cause) {
    const { line, column } = cause as TomlError;
    // The parser's message quotes the lines around, which may hold a secret.
    throw new SmkiError("SETTINGS_FILE_INVALID", { file: name, line, column });
  }
  const lines = findLines(toml);
  const known = settings.map(({ key }) => key);
  const given = new Map<string, Given>();
  const mistakes: Mistake[] = [];
  const walk = (table: Record<string, unknown>, prefix: string): void => {
    for (const [part, value] of Object.entries(table)) {
      const key = prefix + part;
      const line = lines.get(key);
      const where = line === undefined ? name : `${name} line ${String(line)}`;
      if (known.includes(key)) given.set(key, { value, where, fromFile: true });
      else if (!known.some((other) => other.startsWith(`${key}.`)))
        mistakes.push(unknownKey(key, known, where));
      else if (isTable(value)) walk(value, `${key}.`);
      else mistakes.push({ key, problem: `is a group of settings, written [${key}]`, where });
    }
  };
  walk(document, "");
  return { given, mistakes };
}

/** Text of the environment as the type that the setting has; as it is where it cannot be read as that. */
function fromText(value: string, schema: unknown): unknown {
  const { type } = schema as { type?: string };
  if (type === "integer" && /^-?\d{1,15}$/.test(value)) return Number(value);
  if (type === "boolean" && (value === "true" || value === "false")) return value === "true";
  if (type === "array") return value.split(",").map((part) => part.trim());
  return value;
}

/** Variables that begin with SMKI_ and are no settings. */
const otherVariables = /^SMKI_(TEST_|SETTINGS$)/;

/** Reads the variables `SMKI_…`, and those that a setting names beside its own. An empty one counts as not set. */
export function readEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  settings: readonly Setting[],
): Source {
  const given = new Map<string, Given>();
  for (const { key, schema, variables } of settings) {
    const variable = variables.find((name) => (environment[name] ?? "") !== "");
    if (variable === undefined) continue;
    given.set(key, { value: fromText(environment[variable] ?? "", schema), where: variable });
  }
  const known = settings.flatMap(({ variables }) => variables);
  const mistakes = Object.keys(environment)
    .filter((name) => name.startsWith("SMKI_") && !otherVariables.test(name) && !known.includes(name))
    .map((name) => unknownKey(name, known, "the environment"));
  return { given, mistakes };
}

/** Reads what the command line gave, by dotted key. */
export function readOverrides(
  overrides: Readonly<Record<string, unknown>>,
  settings: readonly Setting[],
): Source {
  const known = settings.map(({ key }) => key);
  const entries = Object.entries(overrides).filter(([, value]) => value !== undefined);
  return {
    given: new Map(entries.map(([key, value]) => [key, { value, where: "the command line" }])),
    mistakes: entries
      .filter(([key]) => !known.includes(key))
      .map(([key]) => unknownKey(key, known, "the command line")),
  };
}
