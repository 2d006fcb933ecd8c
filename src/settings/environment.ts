import type { SettingValue } from "./definition.ts";
import { catalogue } from "./schema.ts";
import type { Settings } from "./settings.ts";

/**
 * The settings as variables of the environment, for a child process that shall have exactly the same, wherever
 * ours came from.
 */
export function settingsEnvironment(settings: Settings): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const { key, variables: names } of catalogue) {
    const value = key
      .split(".")
      .reduce<unknown>((table, part) => (table as Record<string, unknown> | undefined)?.[part], settings) as
      | SettingValue
      | undefined;
    const [name] = names;
    if (value !== undefined && name !== undefined) variables[name] = String(value);
  }
  return variables;
}
