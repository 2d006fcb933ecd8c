import { parse, stringify, type TomlTable } from "smol-toml";

/** `postgresql://user:password@…`: all of it up to the last `@` before the host ends. */
const inAuthority = /(postgres(?:ql)?:\/\/[^\s:@/?#"']*):[^\s/?#"]*@/g;
/** `?password=…` of the same; `sslpassword=…` too. */
const inQuery = /([?&](?:ssl)?password=)[^&\s"]*/gi;

/**
 * A settings file without the passwords of database URLs: a back-up holds no secret in the clear. Where one is written
 * so that the text does not show it, the setting is left out, and the file is written anew without its comments.
 */
export function withoutPasswords(settings: string): string {
  const without = settings.replaceAll(inAuthority, "$1@").replaceAll(inQuery, "$1");
  const table = readTable(without);
  const database = table?.["database"] as { url?: unknown } | undefined;
  if (table === undefined || !hasPassword(database?.url)) return table === undefined ? "" : without;
  const { url: _, ...others } = database ?? {};
  return stringify({ ...table, database: others });
}

/** Undefined for what is no TOML: no estate runs on it. */
function readTable(settings: string): TomlTable | undefined {
  try {
    return parse(settings);
  } catch {
    return undefined;
  }
}

/** Whether the URL that the program reads out of the file still has one; or may, as none that it can read. */
function hasPassword(url: unknown): boolean {
  if (typeof url !== "string") return false;
  if (!URL.canParse(url)) return true;
  const { password, searchParams } = new URL(url);
  return (
    password !== "" || [...searchParams].some(([name, value]) => /password$/i.test(name) && value !== "")
  );
}
