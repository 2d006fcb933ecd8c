import { keyErrors } from "../errors/keys.ts";
import { isSmkiError } from "../errors/smki-error.ts";

/** What a failure means while a chunk is worked on. */
export type FailureMeaning = "outage" | "fault";

/**
 * Tells an outage (the database or the key store is away, the clock is wrong: every chunk would fail alike, and
 * trying again later helps) from a fault of this one chunk, which would fail alike each time and keep the
 * others from their turn for ever. Whatever the key store says is an outage: it was asked to sign, not to judge, and
 * one loose file mode must not put the whole queue before a person.
 */
export function meaningOf(error: unknown): FailureMeaning {
  // A file or a socket that the machine refused, not a mistake in the program: the next chunk would meet it too.
  if (!isSmkiError(error)) return isOfTheMachine(error) ? "outage" : "fault";
  if (error.code === "DATABASE_FAILED")
    return sqlStateIsOfData(error.details["sqlstate"]) ? "fault" : "outage";
  if (error.code === "DATABASE_ROW_DAMAGED") return "fault";
  return outages.has(error.code) || error.code.startsWith("DATABASE_") || error.code in keyErrors
    ? "outage"
    : "fault";
}

const outages: ReadonlySet<string> = new Set([
  // The lock went with its connection: the worker begins again with a new one.
  "CHUNK_TAKEN_OVER",
  "CLOCK_WENT_BACK",
  "ISSUING_PLAN_STALE",
  "AUTHORITY_MISSING",
]);

/** An error of a system call, as Node.js gives it. */
function isOfTheMachine(error: unknown): boolean {
  return error instanceof Error && "syscall" in error && "errno" in error;
}

/** Classes 22 (data exception) and 23 (integrity constraint violation) of PostgreSQL's appendix A. */
function sqlStateIsOfData(sqlState: unknown): boolean {
  return typeof sqlState === "string" && /^2[23]/.test(sqlState);
}
