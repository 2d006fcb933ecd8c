import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SmkiError } from "../errors/smki-error.ts";
import type { CheckedBackup } from "./check-backup.ts";
import { freeOctets } from "./disk-space.ts";
import { requireKnownMigrations, type Skip } from "./load-database.ts";
import { describeLoss, type Loss } from "./lost-acts.ts";
import type { Manifest } from "./manifest.ts";
import type { RestoreOrder } from "./restore-order.ts";

/** Values of these tables are given out to many: one a millisecond may have been, since the back-up. */
const busyTables = new Set(["ledger_inbox", "issuing_intent", "request_batch", "request_chunk"]);
/** Of the others, fewer than this. */
const skipOfOthers = 1_000;

/**
 * Refuses a back-up that this release, these settings or this clock cannot restore.
 *
 * @throws SmkiError ESTATE_ENVIRONMENT_MISMATCH, DATABASE_NEWER, MIGRATION_CHANGED, RESTORE_CLOCK_BEHIND
 */
export function requireSuitable(manifest: Manifest, { environment, clock }: RestoreOrder): void {
  if (manifest.environment !== environment)
    throw new SmkiError("ESTATE_ENVIRONMENT_MISMATCH", {
      database: manifest.environment,
      settings: environment,
    });
  requireKnownMigrations(manifest);
  const latest = [manifest.takenAt, manifest.ledger.lastActAt ?? manifest.takenAt].toSorted().at(-1) ?? "";
  if (clock().getTime() < Date.parse(latest))
    throw new SmkiError("RESTORE_CLOCK_BEHIND", { clock: clock().toISOString(), known: latest });
}

/**
 * Refuses a place that certainly is too small, before anything is made in it. The embedded database needs the rows as they
 * are, and indexes besides, of which nothing is reckoned here.
 *
 * @throws SmkiError RESTORE_SPACE_MISSING
 */
export async function requireSpace(
  { dataFolder, databaseUrl, free = freeOctets }: RestoreOrder,
  { manifest, rowOctets }: CheckedBackup,
): Promise<void> {
  const files = manifest.files.reduce((sum, { octets }) => sum + octets, 0);
  const needed = files + (databaseUrl === undefined ? rowOctets : 0);
  const there = await free(dataFolder);
  if (there < needed)
    throw new SmkiError("RESTORE_SPACE_MISSING", { folder: dataFolder, needed, free: there });
}

/** Serial numbers and dates that are lost with the acts are times of the past, as long as the clock is right. */
export function requireClockBeyond({ acts }: Loss, { clock }: RestoreOrder): void {
  const latest =
    acts
      ?.map(({ at }) => at)
      .toSorted()
      .at(-1) ?? "";
  if (latest !== "" && clock().getTime() < Date.parse(latest))
    throw new SmkiError("RESTORE_CLOCK_BEHIND", { clock: clock().toISOString(), known: latest });
}

/** What a refusal says of the loss. */
export function lossDetails(loss: Loss): Record<string, string | number> {
  const { from, to, verdict, acts } = loss;
  return {
    loss: describeLoss(loss),
    from,
    ...(verdict === "certain" ? { to: to - 1 } : {}),
    ...(acts === undefined ? {} : { acts: acts.length }),
  };
}

/** The ledgers before the one of the back-up, as its file has them. */
export function formerLedgersOf({ backup }: RestoreOrder, manifest: Manifest): string {
  const file = manifest.files.find(({ path }) => path === "files/former-ledger-keys.txt");
  return file === undefined ? "" : readFileSync(join(backup, file.path), "utf8");
}

/** Numbers that may have been given out after the back-up are not given again. */
export function skipOf(
  { clock }: Pick<RestoreOrder, "clock">,
  { takenAt }: Manifest,
  { isStopped }: Pick<Loss, "isStopped">,
): Skip {
  if (isStopped) return () => 0;
  const elapsed = Math.max(0, clock().getTime() - Date.parse(takenAt));
  return (table) => skipOfOthers + (busyTables.has(table) ? elapsed : 0);
}
