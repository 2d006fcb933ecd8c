import type { Tx } from "../../database/transaction.ts";
import { type Manifest, parseManifest } from "./manifest.ts";

type ExtractTables = {
  extract: {
    name: string;
    kind: Manifest["kind"];
    from_size: number;
    size: number;
    made_at: Date;
    manifest: string;
    removed_at: Date | null;
  };
};

const tables = (tx: Tx) => tx.$extendTables<ExtractTables>();

/** An extract that was published and not deleted. */
export interface ExtractRecord {
  readonly manifest: Manifest;
  /** The octets of manifest.json. */
  readonly manifestText: string;
  readonly madeAt: Date;
}

/** The extracts that are there, the oldest first. */
export async function selectExtracts(tx: Tx): Promise<ExtractRecord[]> {
  const rows = await records(tx).orderBy("size").orderBy("made_at").orderBy("kind").execute();
  return rows.map(fromRow);
}

/** One of them, by its name. */
export async function selectExtract(tx: Tx, name: string): Promise<ExtractRecord | undefined> {
  const row = await records(tx).where("name", "=", name).executeTakeFirst();
  return row === undefined ? undefined : fromRow(row);
}

const records = (tx: Tx) =>
  tables(tx).selectFrom("extract").select(["manifest", "made_at"]).where("removed_at", "is", null);

const fromRow = ({ manifest, made_at }: { manifest: string; made_at: Date }): ExtractRecord => ({
  manifest: parseManifest(manifest),
  manifestText: manifest,
  madeAt: made_at,
});

/** Whether one of this name was ever published. */
export async function wasPublished(tx: Tx, name: string): Promise<boolean> {
  const row = await tables(tx)
    .selectFrom("extract")
    .select("name")
    .where("name", "=", name)
    .executeTakeFirst();
  return row !== undefined;
}

/** The names of those whose files were to be deleted. */
export async function selectRemoved(tx: Tx): Promise<string[]> {
  const rows = await tables(tx)
    .selectFrom("extract")
    .select("name")
    .where("removed_at", "is not", null)
    .execute();
  return rows.map(({ name }) => name);
}

export async function insertExtract(tx: Tx, record: ExtractRecord): Promise<void> {
  const { name, kind, fromSize, size } = record.manifest;
  await tables(tx)
    .insertInto("extract")
    .values({
      name,
      kind,
      from_size: fromSize,
      size,
      made_at: record.madeAt,
      manifest: record.manifestText,
      removed_at: null,
    })
    .execute();
}

export async function markRemoved(tx: Tx, names: readonly string[], at: Date): Promise<void> {
  await tables(tx)
    .updateTable("extract")
    .set({ removed_at: at })
    .where("name", "in", [...names])
    .where("removed_at", "is", null)
    .execute();
}
