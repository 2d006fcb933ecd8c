import { type RowKind, rowKinds } from "./manifest.ts";
import { RowFile } from "./row-file.ts";

/** The four files of an extract that is being written. */
export type RowFiles = Readonly<Record<RowKind, RowFile>>;

/** Begins the files in a folder that is there and empty. */
export function beginFiles(folder: string): RowFiles {
  return {
    certificates: new RowFile(folder, "certificates"),
    revocations: new RowFile(folder, "revocations"),
    "not-in-use": new RowFile(folder, "not-in-use"),
    lists: new RowFile(folder, "lists"),
  };
}

export async function abandonFiles(files: RowFiles): Promise<void> {
  await Promise.all(rowKinds.map((kind) => files[kind].abandon()));
}
