import type { Database } from "../../database/connect.ts";
import type { Tx } from "../../database/transaction.ts";
import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import { allActs } from "../../ledger/all-acts.ts";
import { readStored } from "../durable-files.ts";
import { archiveFolder, recordsName } from "./archive-file.ts";
import { type Archive, selectArchives } from "./archive-store.ts";

/** An archive that is not as the ledger says. */
export interface ArchiveFinding {
  readonly archive: number;
  /** In words, to follow the archive's number. */
  readonly what: string;
}

type Recorded = Pick<Archive, "octets" | "digest">;

/** What the ledger says of archives, by their numbers. @param tx - of a snapshot */
export async function archiveActs(tx: Tx) {
  const made = new Map<number, Recorded>();
  const destroyed = new Set<number>();
  for await (const { act } of allActs(tx, "certificate.issued")) {
    const { archive: number, octets, digest } = act.subject;
    const archive = Number(number);
    if (act.kind === "archive.destroyed") destroyed.add(archive);
    if (act.kind === "records.archived")
      made.set(archive, { octets: Number(octets), digest: typeof digest === "string" ? digest : "" });
  }
  return { made, destroyed };
}

/**
 * Holds every archive against the ledger: each act `records.archived` has its row and its file, octet for octet, until an
 * act says that it was destroyed; and no row or file stands without an act. The digest of a row alone would prove nothing:
 * whoever can alter the file can alter the row.
 *
 * @returns empty when all is as it should be
 */
export async function checkArchives({
  database,
  folder,
}: {
  readonly database: Database;
  readonly folder: string;
}): Promise<ArchiveFinding[]> {
  const { rows, made, destroyed } = await database.read(
    async (tx) => ({ rows: await selectArchives(tx), ...(await archiveActs(tx)) }),
    { snapshot: true },
  );
  const findings: ArchiveFinding[] = [];
  const numbers = new Set([...rows.map(({ id }) => id), ...made.keys()]);
  for (const archive of [...numbers].toSorted((left, right) => left - right)) {
    const row = rows.find(({ id }) => id === archive);
    const what = rowFault(row, made.get(archive), destroyed.has(archive)) ?? (await fileFault(archive));
    if (what !== undefined) findings.push({ archive, what });
  }
  return findings;

  async function fileFault(archive: number): Promise<string | undefined> {
    const recorded = made.get(archive);
    if (recorded === undefined || destroyed.has(archive)) return undefined;
    try {
      await requireWhole(folder, archive, recorded);
      return undefined;
    } catch (error) {
      if (isSmkiError(error, "ARCHIVE_DAMAGED")) return "its file is missing or damaged";
      throw error;
    }
  }
}

function rowFault(
  row: Archive | undefined,
  act: Recorded | undefined,
  isDestroyed: boolean,
): string | undefined {
  if (act === undefined) return "no act says that it was made";
  if (row === undefined) return "the ledger says that it was made, and the database does not know it";
  if (row.digest !== act.digest || row.octets !== act.octets)
    return "the database has another digest than the ledger";
  if ((row.destroyedAt !== null) !== isDestroyed)
    return isDestroyed
      ? "the ledger says that it was destroyed, and the database does not"
      : "the database says that it was destroyed, and no act does";
  return undefined;
}

/** @throws SmkiError ARCHIVE_DAMAGED when the file of records is not as it was recorded */
export async function requireWhole(
  folder: string,
  archive: number,
  { octets, digest }: Recorded,
): Promise<void> {
  try {
    await readStored(archiveFolder(folder, archive), { path: recordsName, octets, sha256: digest });
  } catch (cause) {
    if (!isSmkiError(cause, "BACKUP_DAMAGED")) throw cause;
    throw new SmkiError("ARCHIVE_DAMAGED", { archive }, { cause });
  }
}
