import { chmodSync, constants, copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { EstateKeyStores } from "./estate-files.ts";
import type { LostAct } from "./lost-acts.ts";
import type { Manifest } from "./manifest.ts";
import { placeKeyFile } from "./restore-keys.ts";
import type { RestoreOrder } from "./restore-order.ts";

/**
 * Puts the files of the back-up into the folder of preparation, and the key files into their places.
 *
 * @returns what a person should know
 */
export async function placeFiles(
  { backup }: RestoreOrder,
  manifest: Manifest,
  folder: string,
  stores: EstateKeyStores,
): Promise<string[]> {
  const put = (path: string, to: string) => {
    const file = join(folder, to);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    copyFileSync(join(backup, path), file, constants.COPYFILE_EXCL);
    chmodSync(file, 0o600);
  };
  for (const { path } of manifest.files) {
    if (path.startsWith("files/")) put(path, path.slice("files/".length));
    else if (manifest.settingsFile === "in-data-folder") put(path, "smki.toml");
  }
  mkdirSync(join(folder, "keys"), { recursive: true, mode: 0o700 });
  const remarks: string[] = [];
  for (const store of [stores.operational, stores.ceremony]) {
    const remark = await placeKeyFile(backup, manifest, store);
    if (remark !== undefined) remarks.push(remark);
  }
  return remarks;
}

/** A line for each lost act, for people: leaf, time, kind, serial number. */
export function writeLostActs(folder: string, acts: readonly LostAct[]): void {
  const lines = acts.map(({ leaf, at, kind, serialNumber }) =>
    [String(leaf), at, kind, serialNumber ?? "-"].join("\t"),
  );
  writeFileSync(join(folder, "lost-acts.txt"), `${lines.join("\n")}\n`, { mode: 0o600 });
}
