import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { BundleEntry } from "../../web/boxed/index.ts";

/** Where the demonstration keeps the sample organisations' keys and certificates. */
export const organisationKeysFolder = (demoFolder: string): string => join(demoFolder, "organisations");

/** The demonstration's organisation certificates with their private keys; none where no demonstration ran. */
export async function readBundle(demoFolder: string): Promise<readonly BundleEntry[]> {
  const folder = organisationKeysFolder(demoFolder);
  if (!existsSync(folder)) return [];
  const names = (await readdir(folder))
    .filter((file) => file.endsWith(".key"))
    .map((file) => file.slice(0, -4));
  return Promise.all(
    names.sort().map(async (name) => ({
      name,
      certificatePem: await readFile(join(folder, `${name}.pem`), "utf8"),
      privateKeyPem: await readFile(join(folder, `${name}.key`), "utf8"),
    })),
  );
}
