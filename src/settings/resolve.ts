import { resolve } from "node:path";
import Value from "typebox/value";
import { defaultOf, type Setting, type SettingValue } from "./definition.ts";
import type { Given, Mistake } from "./sources.ts";

/** Values by dotted key, given or by default. */
export type Values = Map<string, SettingValue>;

const show = (setting: Setting, value: unknown): string =>
  setting.secret === true ? "is not shown here, and" : `is ${JSON.stringify(value)}, and`;

/** `credential:NAME` stands for a systemd credential, wherever that lies. */
export const isCredential = (value: SettingValue): boolean => /^credential:./.test(String(value));

/**
 * Checks each value by itself and fills in the defaults of the environment.
 *
 * @param given - by dotted key, later sources having replaced earlier ones
 * @param folders - where relative paths are meant from: those in the file, and all others
 */
export function resolveValues(
  settings: readonly Setting[],
  given: ReadonlyMap<string, Given>,
  folders: { readonly ofFile: string; readonly working: string },
): { readonly values: Values; readonly mistakes: Mistake[] } {
  const environment = given.get("environment")?.value;
  const values: Values = new Map();
  const mistakes: Mistake[] = [];
  for (const setting of settings) {
    const { key, variables } = setting;
    const stated = given.get(key);
    if (stated !== undefined) {
      if (Value.Check(setting.schema, stated.value)) {
        values.set(
          key,
          absolute(setting, stated.value as SettingValue, stated.fromFile ? folders.ofFile : folders.working),
        );
      } else {
        mistakes.push({
          key,
          problem: `${show(setting, stated.value)} must be ${setting.expected}`,
          where: stated.where,
        });
      }
      continue;
    }
    const known = environment === "test" || environment === "live";
    const value = known ? defaultOf(setting, environment) : setting.value;
    if (value !== undefined) values.set(key, absolute(setting, value, folders.working));
    else if (!setting.optional && (known || key === "environment")) {
      const why = known ? `is not set, and has no default in ${environment}` : "is not set";
      mistakes.push({
        key,
        problem: `${why}; it must be ${setting.expected}`,
        where: `set ${variables[0] ?? key}`,
      });
    }
  }
  return { values, mistakes };
}

const absolute = (setting: Setting, value: SettingValue, folder: string): SettingValue =>
  setting.path === true && !isCredential(value) ? resolve(folder, String(value)) : value;
