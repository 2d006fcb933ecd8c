import { rm } from "node:fs/promises";
import { join } from "node:path";
import { folderOfParts, type Making, type Place } from "./making.ts";
import { fileNameOf, type ManifestFile, type RowKind } from "./manifest.ts";
import { RowFile } from "./row-file.ts";

/** A part as it was written: its files are durable. */
export interface Part {
  readonly files: readonly ManifestFile[];
  /** Octets of rows, before they were compressed. */
  readonly rowOctets: number;
  /** Where the next one begins; null when there is none. */
  readonly next: Place | null;
}

/** Writes the next part of an extract. */
export type WritePart = (making: Making, place: Place) => Promise<Part>;

/** Makes the files of the next part, and gives them up when it cannot be written. */
export async function withFiles<Kind extends RowKind, Result>(
  folder: string,
  { files }: Making,
  kinds: readonly Kind[],
  work: (opened: Readonly<Record<Kind, RowFile>>) => Promise<Result>,
): Promise<Result> {
  const opened: [Kind, RowFile][] = [];
  for (const kind of kinds) {
    const part = files.filter(({ rows }) => rows === kind).length + 1;
    // What a crash left of it. Another file under the same name: whoever may still write to that one writes to nothing.
    await rm(join(folderOfParts(folder), fileNameOf(kind, part)), { force: true });
    opened.push([kind, new RowFile(folderOfParts(folder), kind, part)]);
  }
  try {
    return await work(Object.fromEntries(opened) as Record<Kind, RowFile>);
  } catch (error) {
    await Promise.all(opened.map(([, file]) => file.abandon()));
    throw error;
  }
}
