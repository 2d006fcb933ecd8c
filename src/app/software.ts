import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");
const { name, version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  name: string;
  version: string;
};

/** What runs here. */
export const software = {
  name,
  version,
  nameAndVersion: `${name} ${version}`,
  /** With the runtime that it runs on. */
  inFull: `${name} ${version} on Node.js ${process.versions.node}`,
};

/** SHA-256 over every source file of the running software, by path: what a ceremony record names. */
export function softwareHash(): string {
  const source = resolve(import.meta.dirname, "..");
  const digest = createHash("sha256");
  const files = readdirSync(source, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.includes(".test."))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  for (const file of files)
    digest.update(file.slice(source.length)).update("\0").update(readFileSync(file)).update("\0");
  return digest.digest("hex");
}

/** What runs here, in the words of a ceremony's record. */
export function softwareInWords(): string {
  return `${software.inFull}, SHA-256 of its source ${softwareHash()}`;
}
