import { pruneIntents } from "../../authorities/issuing/archived-intents.ts";
import type { Database } from "../../database/connect.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import { pruneRequests } from "../../issuance/archived-requests.ts";
import { recordActs } from "../../ledger/record-acts.ts";
import { heldTree } from "../../ledger/restored-ledger.ts";
import { after, before, type Rulebook } from "../../rulebook/index.ts";
import type { Clock } from "../../time/clock.ts";
import { isThere, placeArchive, removeArchive, writeArchive } from "./archive-file.ts";
import { type Archive, insertArchive, markDestroyed, selectArchives } from "./archive-store.ts";
import { archiveActs, requireWhole } from "./check-archives.ts";

export type { Archive } from "./archive-store.ts";

/** The steps of archiving, in order, by which tests stop it at each. */
export const retentionSteps = ["begun", "written", "placed", "committed"] as const;
export type RetentionStep = (typeof retentionSteps)[number];

/** What retention works with. */
export interface RetentionContext {
  readonly database: Database;
  readonly clock: Clock;
  readonly rules: Pick<Rulebook, "auditOnlineMonths" | "auditArchiveYears">;
  /** Where archives lie. */
  readonly folder: string;
  readonly by: string;
  /** Called after each step; what it throws is a crash there. */
  readonly afterStep?: (step: RetentionStep) => void;
}

/** The election: one process archives. */
const retentionLock = 0x5e_de6c_0002n;

/**
 * Archives what has been on line for as long as it must, a calendar month at a time, and prunes it from the database:
 * the octets that were to be signed, and the CSRs. Certificates, their outcomes and the ledger stay for ever; so does
 * the digest of each archive, as an act.
 *
 * @returns the new archive; undefined where nothing was due, or another process is at it
 * @throws SmkiError ARCHIVE_DAMAGED when what was written cannot be read back: nothing is then pruned
 */
export async function runRetention(context: RetentionContext): Promise<Archive | undefined> {
  const elected = await context.database.tryWithSessionLock(retentionLock, (lost) =>
    archiveDue(context, lost),
  );
  return elected?.result;
}

async function archiveDue(context: RetentionContext, lost: AbortSignal): Promise<Archive | undefined> {
  const { database, folder, afterStep } = context;
  const known = await database.read(selectArchives);
  await finishDestructions(context, known);
  const cutOff = onlineSince(context);
  const id = (known.at(-1)?.id ?? 0) + 1;
  afterStep?.("begun");
  const written = await writeArchive(database, folder, id, cutOff);
  if (written === undefined) return undefined;
  afterStep?.("written");
  placeArchive(folder, id, written.file);
  // A crash up to the commit leaves a folder that no row names: its records are on line still, and the next run
  // writes it anew.
  afterStep?.("placed");
  await requireWhole(folder, id, { octets: written.file.octets, digest: written.file.sha256 });
  lost.throwIfAborted();
  const archive = {
    id,
    madeAt: context.clock(),
    finishedBefore: cutOff,
    firstFinishedAt: written.firstFinishedAt,
    lastFinishedAt: written.lastFinishedAt,
    intents: written.intents.length,
    chunks: written.chunks.length,
    octets: written.file.octets,
    digest: written.file.sha256,
  };
  // The row, the act and the pruning stand or fall together: nothing leaves the database before its archive is known.
  await database.transaction(async (tx) => {
    await insertArchive(tx, archive);
    const pruned = [await pruneIntents(tx, written.intents, id), await pruneRequests(tx, written.chunks, id)];
    if (pruned[0] !== archive.intents || pruned[1] !== archive.chunks)
      throw new SmkiError("ARCHIVE_DAMAGED", { archive: id, reason: "other records than were archived" });
    await recordActs(tx, [
      {
        kind: "records.archived",
        at: archive.madeAt,
        by: context.by,
        subject: {
          archive: id,
          digest: archive.digest,
          octets: archive.octets,
          intents: archive.intents,
          chunks: archive.chunks,
          finishedBefore: cutOff.toISOString(),
        },
      },
    ]);
  });
  afterStep?.("committed");
  return { ...archive, destroyedAt: null, destroyedBy: null };
}

/** What a crash left of a destruction: the files. That it was decided the ledger says; a row alone can be altered. */
async function finishDestructions(
  { database, folder }: RetentionContext,
  known: readonly Archive[],
): Promise<void> {
  const left = known.filter(({ id, destroyedAt }) => destroyedAt !== null && isThere(folder, id));
  if (left.length === 0) return;
  const { destroyed } = await database.read(archiveActs, { snapshot: true });
  for (const { id } of left) if (destroyed.has(id)) removeArchive(folder, id);
}

/** The beginning of the month in which the oldest records lie that must be on line: whole months are archived. */
export function onlineSince({ clock, rules }: Pick<RetentionContext, "clock" | "rules">): Date {
  const must = before(clock(), rules.auditOnlineMonths);
  return new Date(Date.UTC(must.getUTCFullYear(), must.getUTCMonth(), 1));
}

/** How an archive stands. */
export interface ArchiveStanding extends Archive {
  /** From when on it may be destroyed. */
  readonly keptUntil: Date;
  readonly state: "kept" | "due for destruction" | "destroyed";
}

/** Every archive, and which of them are due for destruction. */
export async function retentionStatus({
  database,
  clock,
  rules,
}: Omit<RetentionContext, "by" | "folder">): Promise<ArchiveStanding[]> {
  const archives = await database.read(selectArchives);
  return archives.map((archive) => {
    const keptUntil = after(archive.madeAt, rules.auditArchiveYears);
    const isDue = clock() >= keptUntil;
    const state = archive.destroyedAt !== null ? "destroyed" : isDue ? "due for destruction" : "kept";
    return { ...archive, keptUntil, state };
  });
}

/** A running estate records an act each day, in milliseconds: a month without any is none that runs, or a wrong clock. */
const longestSilence = 31 * 86_400_000;

/**
 * Destroys an archive that was kept for as long as it must be. A person decides it, each time: an investigation or a
 * court may want it kept longer, and no rule knows that. Nor does a clock alone: one that stands far beyond the last act
 * of an estate, which makes lists all the time, is taken for wrong.
 *
 * @throws SmkiError ARCHIVE_NOT_FOUND, ARCHIVE_NOT_DUE, ARCHIVE_CLOCK_DOUBTFUL
 */
export async function destroyArchive(context: RetentionContext, id: number): Promise<void> {
  const { database, folder, clock, by } = context;
  const archive = (await retentionStatus(context)).find((one) => one.id === id);
  if (archive === undefined || archive.state === "destroyed")
    throw new SmkiError("ARCHIVE_NOT_FOUND", { archive: id });
  if (archive.state === "kept")
    throw new SmkiError("ARCHIVE_NOT_DUE", { archive: id, until: archive.keptUntil.toISOString() });
  const { lastActAt: last } = await database.read(heldTree, { snapshot: true });
  if (last === undefined || clock().getTime() - last.getTime() > longestSilence)
    throw new SmkiError("ARCHIVE_CLOCK_DOUBTFUL", {
      clock: clock().toISOString(),
      lastAct: last?.toISOString() ?? "none",
    });
  await database.transaction(async (tx) => {
    const at = clock();
    if (!(await markDestroyed(tx, id, by, at))) throw new SmkiError("ARCHIVE_NOT_FOUND", { archive: id });
    const subject = { archive: id, digest: archive.digest };
    await recordActs(tx, [{ kind: "archive.destroyed", at, by, subject }]);
  });
  // A crash before this leaves the files of an archive that is destroyed; the next run of the job removes them.
  removeArchive(folder, id);
}
