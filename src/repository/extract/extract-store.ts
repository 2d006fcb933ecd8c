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
  const rows = await tables(tx)
    .selectFrom("extract")
    .select(["manifest", "made_at"])
    .where("removed_at", "is", null)
    .orderBy("size")
    .orderBy("made_at")
    .orderBy("kind")
    .execute();
  return rows.map(({ manifest, made_at }) => ({
    manifest: parseManifest(manifest),
    manifestText: manifest,
    madeAt: made_at,
  }));
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
