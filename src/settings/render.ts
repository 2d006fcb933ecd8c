import { defaultOf, type Setting } from "./definition.ts";
import { catalogue } from "./schema.ts";

/** Breaks a text into comment lines of at most 100 characters. */
function comment(words: string): string {
  const lines = [""];
  for (const word of words.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line.length + word.length > 97) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines.map((line) => `# ${line}\n`).join("");
}

function renderSetting(setting: Setting, environment: "test" | "live"): string {
  const name = setting.key.split(".").at(-1) ?? "";
  const value = setting.key === "environment" ? environment : defaultOf(setting, environment);
  const required = value === undefined && !setting.optional;
  const explained = comment(
    `${required ? "REQUIRED. " : ""}${setting.description} Must be ${setting.expected}. [${setting.variables[0] ?? ""}]`,
  );
  const line = `${name} = ${value === undefined ? '""' : JSON.stringify(value)}`;
  return `${explained}${setting.key === "environment" ? "" : "#"}${line}\n`;
}

/**
 * Writes the settings file of an environment: every setting explained, with its default commented out.
 *
 * @returns TOML
 */
export function renderSettingsFile(environment: "test" | "live"): string {
  let table = "";
  let file = comment(
    "Settings of OpenSMKI. A line that begins with #name shows a default. The variable named in brackets wins over the line.",
  );
  for (const setting of catalogue) {
    const itsTable = setting.key.split(".").slice(0, -1).join(".");
    if (itsTable !== table) {
      file += `\n[${itsTable}]\n`;
      table = itsTable;
    } else if (itsTable === "") file += "\n";
    file += renderSetting(setting, environment);
  }
  return file;
}
