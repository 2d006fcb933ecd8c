import { DatabaseError } from "pg";
import { describe, expect, test } from "vitest";
import { catalogue } from "../errors/catalogue.ts";
import { SmkiError } from "../errors/smki-error.ts";
import { brokenConstraint, databaseFailure, isRetryable } from "./failures.ts";

function failureOf(sqlstate: string, fields: Partial<DatabaseError> = {}): DatabaseError {
  return Object.assign(new DatabaseError("in words", 8, "error"), { code: sqlstate }, fields);
}
const systemError = (code: string, syscall: string) => Object.assign(new Error(code), { code, syscall });

describe("a failure of PostgreSQL", () => {
  test.each([
    ["53100", "DATABASE_DISK_FULL"],
    ["57P01", "DATABASE_STOPPING"],
    ["57P02", "DATABASE_STOPPING"],
    ["57P03", "DATABASE_STOPPING"],
    ["08006", "DATABASE_UNAVAILABLE"],
    ["53300", "DATABASE_UNAVAILABLE"],
    ["28000", "DATABASE_USER_REFUSED"],
    ["28P01", "DATABASE_USER_REFUSED"],
    ["42501", "DATABASE_RIGHTS_MISSING"],
    ["3F000", "DATABASE_RIGHTS_MISSING"],
    ["57014", "DATABASE_READ_TOO_LONG"],
    ["42P01", "DATABASE_FAILED"],
  ])("with SQLSTATE %s is %s, and keeps its cause", (sqlstate, code) => {
    const failure = failureOf(sqlstate);
    expect(databaseFailure(failure)).toMatchObject({ code, cause: failure });
  });

  test("names the table and the constraint, never the values", () => {
    const failure = failureOf("23505", {
      table: "party",
      constraint: "party_name_key",
      detail: "Key (name)=(Jane Doe) already exists.",
    });
    const coded = databaseFailure(failure);
    expect(String(coded)).toMatch(/party_name_key/);
    expect(String(coded)).not.toMatch(/Jane/);
    expect(brokenConstraint(coded)).toBe("party_name_key");
    expect(brokenConstraint(failure)).toBe("party_name_key");
    expect(brokenConstraint(failureOf("23503", { constraint: "party_fkey" }))).toBeUndefined();
  });

  test("is worth another try only when it came from others at the same time", () => {
    expect(["40001", "40P01", "23505", "57P01"].map((sqlstate) => isRetryable(failureOf(sqlstate)))).toEqual([
      ...[true, true, false, false],
    ]);
  });
});

describe("a lost or refused connection", () => {
  test.each([
    systemError("ECONNREFUSED", "connect"),
    systemError("ENOENT", "connect"),
    systemError("ENOTFOUND", "getaddrinfo"),
    systemError("ECONNRESET", "read"),
    new AggregateError([systemError("ECONNREFUSED", "connect")]),
    new Error("Connection terminated unexpectedly"),
    new Error("Client has encountered a connection error and is not queryable"),
    new Error("timeout exceeded when trying to connect"),
  ])("%s is DATABASE_UNAVAILABLE", (error) => {
    expect(databaseFailure(error)).toMatchObject({ code: "DATABASE_UNAVAILABLE", cause: error });
  });
});

test.each([
  new SmkiError("DATABASE_NEWER"),
  new TypeError("a fault of ours"),
  systemError("ENOENT", "open"),
  "no error at all",
])("%s is no failure of the database, and stays what it is", (error) => {
  expect(databaseFailure(error)).toBe(error);
});

test("an unreachable database promises nothing about a change whose connection was lost", () => {
  expect(catalogue.DATABASE_UNAVAILABLE.remedy).toMatch(/may have been recorded/);
});
