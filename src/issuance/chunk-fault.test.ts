import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { ErrorCode } from "../errors/catalogue.ts";
import { keyErrors } from "../errors/keys.ts";
import { SmkiError } from "../errors/smki-error.ts";
import { meaningOf } from "./chunk-fault.ts";

describe("a failure while a chunk is worked on", () => {
  test.each([
    "DATABASE_UNAVAILABLE",
    "DATABASE_DISK_FULL",
    "DATABASE_STOPPING",
    "DATABASE_BUSY",
    "CLOCK_WENT_BACK",
    "ISSUING_PLAN_STALE",
    "AUTHORITY_MISSING",
    "CHUNK_TAKEN_OVER",
  ] as const)("with %s is an outage: it is tried again", (code) => {
    expect(meaningOf(new SmkiError(code))).toBe("outage");
  });
  test.each(Object.keys(keyErrors) as ErrorCode[])("with %s of the key store is an outage", (code) => {
    expect(meaningOf(new SmkiError(code))).toBe("outage");
  });
  test("of a system call is an outage: the machine refused it, and would refuse the next chunk too", () => {
    let refusal: unknown;
    try {
      readFileSync("/nonexistent/operational.keys");
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toMatchObject({ code: "ENOENT" });
    expect(meaningOf(refusal)).toBe("outage");
  });
  test.each(["KEY_ALREADY_CERTIFIED", "KEY_TWICE_IN_BATCH"] as const)(
    "with %s, which is said of a CSR's key, is none of the key store's",
    (code) => {
      expect(meaningOf(new SmkiError(code))).toBe("fault");
    },
  );
  test.each([
    "OWN_SIGNATURE_INVALID",
    "SIGNED_OTHER_THAN_INTENDED",
    "CERTIFICATE_LINT_FINDING",
    "SIGNATURE_ENCODING_INVALID",
    "PARTY_NOT_FOUND",
    "DATABASE_ROW_DAMAGED",
  ] as const)("with %s is this chunk's fault: it is held", (code) => {
    expect(meaningOf(new SmkiError(code))).toBe("fault");
  });
  test("of the database is a fault where its data broke a rule, and an outage otherwise", () => {
    for (const sqlstate of ["22001", "23503", "23514"])
      expect(meaningOf(new SmkiError("DATABASE_FAILED", { sqlstate }))).toBe("fault");
    for (const sqlstate of ["58030", "25006", "57014", "53200"])
      expect(meaningOf(new SmkiError("DATABASE_FAILED", { sqlstate }))).toBe("outage");
    expect(meaningOf(new SmkiError("DATABASE_FAILED"))).toBe("outage");
  });
  test("that has no code is our own fault: it is held rather than tried for ever", () => {
    expect(meaningOf(new TypeError("undefined is not a function"))).toBe("fault");
  });
});
