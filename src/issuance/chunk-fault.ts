import { isSmkiError } from "../errors/smki-error.ts";

/** What a failure means while a chunk is worked on. */
export type FailureMeaning = "outage" | "fault";

/**
 * Tells an outage (the database or the key store is away, the clock is wrong: every chunk would fail alike, and
 * trying again later helps) from a fault of this one chunk, which would fail alike each time and keep the
 * others from their turn for ever.
 */
export function meaningOf(error: unknown): FailureMeaning {
  if (!isSmkiError(error)) return "fault";
  if (error.code === "DATABASE_FAILED")
    return sqlStateIsOfData(error.details["sqlstate"]) ? "fault" : "outage";
  if (error.code === "DATABASE_ROW_DAMAGED") return "fault";
  return outages.has(error.code) || error.code.startsWith("DATABASE_") || error.code.startsWith("KEY_STORE_")
    ? "outage"
    : "fault";
}

const outages: ReadonlySet<string> = new Set([
  // The lock went with its connection: the worker begins again with a new one.
  "CHUNK_TAKEN_OVER",
  "CLOCK_WENT_BACK",
  "ISSUING_PLAN_STALE",
  "AUTHORITY_MISSING",
  "KEY_NOT_FOUND",
  "KEY_TOKEN_NOT_FOUND",
  "KEY_TOKEN_FAILED",
  "KEY_MODULE_NOT_FOUND",
]);

/** Classes 22 (data exception) and 23 (integrity constraint violation) of PostgreSQL's appendix A. */
function sqlStateIsOfData(sqlState: unknown): boolean {
  return typeof sqlState === "string" && /^2[23]/.test(sqlState);
}
