import { sql } from "kysely";
import type { Tx } from "../../database/transaction.ts";
import type { DocumentOwner, DocumentVersion } from "./document.ts";

type DocumentTables = {
  repository_document: { name: string; title: string };
  repository_document_version: {
    document: string;
    version: string;
    media_type: string;
    octets: number;
    parts: number;
    sha256: Buffer;
    lodged_at: Date;
    lodged_by: string;
    lodged_for: DocumentOwner;
    reference: string | null;
  };
  repository_document_part: { document: string; version: string; position: number; octets: Buffer };
};

const tables = (tx: Tx) => tx.$extendTables<DocumentTables>();

/** Adds a document if it is not there. @returns its title, which is that of its first lodging */
export async function insertDocument(tx: Tx, name: string, title: string): Promise<string> {
  await tables(tx)
    .insertInto("repository_document")
    .values({ name, title })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const row = await tables(tx)
    .selectFrom("repository_document")
    .select("title")
    .where("name", "=", name)
    .executeTakeFirstOrThrow();
  return row.title;
}

export async function insertVersion(
  tx: Tx,
  version: Omit<DocumentVersion, "title"> & {
    readonly parts: number;
    readonly lodgedBy: string;
    readonly reference?: string | undefined;
  },
): Promise<void> {
  await tables(tx)
    .insertInto("repository_document_version")
    .values({
      document: version.document,
      version: version.version,
      media_type: version.mediaType,
      octets: version.octets,
      parts: version.parts,
      sha256: Buffer.from(version.sha256, "hex"),
      lodged_at: version.lodgedAt,
      lodged_by: version.lodgedBy,
      lodged_for: version.lodgedFor,
      reference: version.reference ?? null,
    })
    .execute();
}

export async function insertPart(
  tx: Tx,
  document: string,
  version: string,
  position: number,
  octets: Buffer,
): Promise<void> {
  await tables(tx)
    .insertInto("repository_document_part")
    .values({ document, version, position, octets })
    .execute();
}

/** One part; undefined behind the last. */
export async function selectPart(
  tx: Tx,
  document: string,
  version: string,
  position: number,
): Promise<Buffer | undefined> {
  const row = await tables(tx)
    .selectFrom("repository_document_part")
    .select("octets")
    .where("document", "=", document)
    .where("version", "=", version)
    .where("position", "=", position)
    .executeTakeFirst();
  return row?.octets;
}

/** Versions by document, the highest number first; all, those of one document, or one. */
export async function selectVersions(
  tx: Tx,
  document?: string,
  version?: string,
): Promise<DocumentVersion[]> {
  const rows = await tables(tx)
    .selectFrom("repository_document_version")
    .innerJoin("repository_document", "name", "document")
    .select(["document", "version", "title", "media_type", "octets", "sha256", "lodged_at", "lodged_for"])
    .$if(document !== undefined, (query) => query.where("document", "=", document ?? ""))
    .$if(version !== undefined, (query) => query.where("version", "=", version ?? ""))
    .orderBy("document")
    // 2.10 stands above 2.9.
    .orderBy(sql`string_to_array(version, '.')::int[]`, "desc")
    .execute();
  return rows.map((row) => ({
    document: row.document,
    version: row.version,
    title: row.title,
    mediaType: row.media_type,
    octets: row.octets,
    sha256: row.sha256.toString("hex"),
    lodgedAt: row.lodged_at,
    lodgedFor: row.lodged_for,
  }));
}
