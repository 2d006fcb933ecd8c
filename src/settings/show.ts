import type { SettingValue } from "./definition.ts";
import { catalogue } from "./schema.ts";
import type { Settings } from "./settings.ts";

/**
 * Lists the settings in force by dotted key. Of a secret it says only that it is set.
 *
 * @returns in the order of the file; settings without a value are left out
 */
export function showSettings(settings: Settings): Record<string, SettingValue> {
  const shown: Record<string, SettingValue> = {};
  for (const { key, secret } of catalogue) {
    let value: unknown = settings;
    for (const part of key.split(".")) value = (value as Record<string, unknown> | undefined)?.[part];
    if (value !== undefined) shown[key] = secret === true ? "(set)" : (value as SettingValue);
  }
  return shown;
}
