import { DatabaseError } from "pg";
import { isSmkiError, SmkiError } from "../errors/smki-error.ts";

/** What node-postgres says, in a plain Error, when the connection is gone. */
const lostConnection =
  /^(Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect|timeout expired|Client was closed|Cannot use a pool after)/;

const networkCodes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);
const lookupCodes = new Set(["ENOENT", "EACCES", "ENOTFOUND", "EAI_AGAIN"]);

function isLostConnection(error: Error): boolean {
  if (lostConnection.test(error.message)) return true;
  // Several addresses were tried, and each refused.
  if (error instanceof AggregateError)
    return error.errors.some((each) => each instanceof Error && isLostConnection(each));
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code === undefined) return false;
  // A missing socket is a server that does not run; any other missing file is not ours to explain.
  return (
    networkCodes.has(code) || (lookupCodes.has(code) && (syscall === "connect" || syscall === "getaddrinfo"))
  );
}

/** The details name the objects, never the values: `detail` of PostgreSQL quotes the row. */
function detailsOf(error: DatabaseError): Record<string, string> {
  return Object.fromEntries(
    Object.entries({ sqlstate: error.code, table: error.table, constraint: error.constraint }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  );
}

/**
 * Gives a failure of PostgreSQL its code; SQLSTATE values are those of its manual, appendix A. Anything that
 * is no failure of the database, a coded refusal above all, is returned as it is.
 */
export function databaseFailure(error: unknown): unknown {
  if (isSmkiError(error) || !(error instanceof Error)) return error;
  if (error instanceof DatabaseError) {
    const details = detailsOf(error);
    switch (error.code) {
      case "53100":
        return new SmkiError("DATABASE_DISK_FULL", details, { cause: error });
      case "57P01": // admin_shutdown
      case "57P02": // crash_shutdown
      case "57P03": // cannot_connect_now
        return new SmkiError("DATABASE_STOPPING", details, { cause: error });
      case "53300": // too_many_connections
        return new SmkiError("DATABASE_UNAVAILABLE", details, { cause: error });
      case "28000": // invalid_authorization_specification: peer authentication, above all
      case "28P01": // invalid_password
        return new SmkiError("DATABASE_USER_REFUSED", details, { cause: error });
      case "42501": // insufficient_privilege
      case "3F000": // invalid_schema_name: there is none that the user may make tables in
        return new SmkiError("DATABASE_RIGHTS_MISSING", details, { cause: error });
      case "57014": // query_canceled: by statement_timeout; nobody else here cancels
        return new SmkiError("DATABASE_READ_TOO_LONG", details, { cause: error });
      default:
        // Class 08: connection exceptions.
        if (error.code?.startsWith("08") === true)
          return new SmkiError("DATABASE_UNAVAILABLE", details, { cause: error });
        return new SmkiError("DATABASE_FAILED", details, { cause: error });
    }
  }
  if (isLostConnection(error)) return new SmkiError("DATABASE_UNAVAILABLE", {}, { cause: error });
  return error;
}

/** True when a transaction failed only because of others at the same time: run again, it may succeed. */
export function isRetryable(error: unknown): boolean {
  return error instanceof DatabaseError && (error.code === "40001" || error.code === "40P01");
}

/**
 * The constraint that a statement broke, by name, when what it would have written is there already: a unique or
 * an exclusion constraint. For stores that turn this into a refusal of their own; inside the transaction, which
 * is then only good for rolling back.
 *
 * @returns undefined for any other failure
 */
export function brokenConstraint(error: unknown): string | undefined {
  const failure = isSmkiError(error, "DATABASE_FAILED") ? error.cause : error;
  if (!(failure instanceof DatabaseError)) return undefined;
  const isConflict = failure.code === "23505" || failure.code === "23P01"; // unique_, exclusion_violation
  return isConflict ? failure.constraint : undefined;
}
