import { lstat, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import Type, { type Static } from "typebox";
import Value from "typebox/value";
import { fileSchema, type Manifest, manifestName, nameForm, rowKindSchema } from "./manifest.ts";

/** Where it is written down how far the making of an extract has come. */
const journalName = "making.json";
const draftName = "making.json.new";
/** Where the parts lie meanwhile; whatever lies there is not published. */
const makingName = "making";

const count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

const placeSchema = Type.Object({
  rows: rowKindSchema,
  /** Of a full extract the serial number, of a delta the leaf, after which or from which on it goes on; empty for the first. */
  after: Type.String({ pattern: "^(?:[0-9a-f]{32}|[0-9]{0,16})$" }),
  /** Of a delta: the newest list of each CA so far. */
  lists: Type.Record(Type.String(), count),
});

const makingSchema = Type.Object({
  name: Type.String({ pattern: nameForm.source }),
  kind: Type.Union([Type.Literal("full"), Type.Literal("delta")]),
  madeAt: Type.String({ pattern: String.raw`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$` }),
  fromSize: count,
  checkpoint: Type.String(),
  size: count,
  /** The parts that are written and durable. */
  files: Type.Array(fileSchema),
  /** What comes next; null when every part is written. */
  next: Type.Union([placeSchema, Type.Null()]),
});

/** Where the rows of the next part begin. */
export type Place = Static<typeof placeSchema>;
/** An extract that is being made: what it is to be, and how far it has come. */
export type Making = Static<typeof makingSchema>;

export const folderOfParts = (folder: string): string => join(folder, makingName);

/** What was being made when the process ended; undefined when nothing was, or nobody can tell any more. */
export async function readMaking(folder: string): Promise<Making | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(join(folder, journalName), "utf8"));
    return Value.Check(makingSchema, value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Writes down how far it has come; the parts that it names are durable. A crash leaves what stood there before, or this. */
export async function writeMaking(folder: string, making: Making): Promise<void> {
  await syncFolder(folderOfParts(folder));
  const draft = join(folder, draftName);
  await writeDurably(draft, `${JSON.stringify(making)}\n`);
  await rename(draft, join(folder, journalName));
  await syncFolder(folder);
}

/** An empty folder for the parts of a new extract. */
export async function beginMaking(folder: string, making: Making): Promise<void> {
  await discardMaking(folder, making);
  await mkdir(folderOfParts(folder), { recursive: true, mode: 0o755 });
  await writeMaking(folder, making);
}

/** Whether the parts that were written down lie there, and removes what was half written. */
export async function tidyParts(folder: string, { name, files }: Making): Promise<boolean> {
  const place = (await isThere(join(folder, name))) ? join(folder, name) : folderOfParts(folder);
  const known = new Map<string, number>(files.map((file) => [file.name, file.octets]));
  let found = 0;
  for (const one of await readdir(place).catch(() => [])) {
    const path = join(place, one);
    const octets = known.get(one);
    if (octets !== undefined && (await lstat(path)).size === octets) found += 1;
    else if (place === folderOfParts(folder)) await rm(path, { recursive: true, force: true });
  }
  return found === files.length;
}

/** Writes the manifest to the parts and gives the folder its name. Nobody is served it before it is published. */
export async function placeParts(folder: string, name: string, manifestText: string): Promise<void> {
  const [parts, place] = [folderOfParts(folder), join(folder, name)];
  // A crash after the renaming, and this is the second time.
  if (await isThere(place)) return;
  await writeDurably(join(parts, manifestName), manifestText);
  await syncFolder(parts);
  await rename(parts, place);
  await syncFolder(folder);
}

/** Forgets an extract that is published. */
export async function endMaking(folder: string): Promise<void> {
  await rm(folderOfParts(folder), { recursive: true, force: true });
  await rm(join(folder, draftName), { force: true });
  await rm(join(folder, journalName), { force: true });
}

/** Removes one that nobody was served. Nothing else in the folder is touched: it may be that of another estate. */
export async function discardMaking(folder: string, { name }: Pick<Manifest, "name">): Promise<void> {
  await rm(join(folder, name), { recursive: true, force: true });
  await endMaking(folder);
}

const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );

async function writeDurably(path: string, text: string): Promise<void> {
  const handle = await open(path, "w", 0o644);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Names made, renamed or removed in a folder become durable. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
