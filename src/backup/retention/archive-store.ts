import { sql } from "kysely";
import type { Tx } from "../../database/transaction.ts";

/** An archive, as the database knows it. */
export interface Archive {
  readonly id: number;
  readonly madeAt: Date;
  readonly finishedBefore: Date;
  readonly firstFinishedAt: Date;
  readonly lastFinishedAt: Date;
  readonly intents: number;
  readonly chunks: number;
  readonly octets: number;
  /** SHA-256 of its file of records, in hexadecimal. */
  readonly digest: string;
  readonly destroyedAt: Date | null;
  readonly destroyedBy: string | null;
}

const columns = sql`
  id, made_at as "madeAt", finished_before as "finishedBefore", first_finished_at as "firstFinishedAt",
  last_finished_at as "lastFinishedAt", intents, chunks, octets, encode(digest, 'hex') as digest,
  destroyed_at as "destroyedAt", destroyed_by as "destroyedBy"`;

/** Every archive there ever was, oldest first. */
export async function selectArchives(tx: Tx): Promise<Archive[]> {
  const { rows } = await sql<Archive>`select ${columns} from archive order by id`.execute(tx);
  return rows;
}

export async function insertArchive(
  tx: Tx,
  archive: Omit<Archive, "destroyedAt" | "destroyedBy">,
): Promise<void> {
  await sql`
    insert into archive (id, made_at, finished_before, first_finished_at, last_finished_at, intents, chunks, octets, digest)
    values (${archive.id}, ${archive.madeAt}, ${archive.finishedBefore}, ${archive.firstFinishedAt},
      ${archive.lastFinishedAt}, ${archive.intents}, ${archive.chunks}, ${archive.octets},
      ${Buffer.from(archive.digest, "hex")})`.execute(tx);
}

/** Marks an archive as destroyed; false when it is already. */
export async function markDestroyed(tx: Tx, id: number, by: string, at: Date): Promise<boolean> {
  const marked = await sql`
    update archive set destroyed_at = ${at}, destroyed_by = ${by}
    where id = ${id} and destroyed_at is null`.execute(tx);
  return marked.numAffectedRows === 1n;
}
