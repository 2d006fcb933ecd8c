import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { catalogue, type ErrorCode } from "../../../errors/catalogue.ts";
import { csrErrors } from "../../../errors/csr.ts";
import { deviceErrors } from "../../../errors/devices.ts";
import { interfaceErrors } from "../../../errors/interfaces.ts";
import { issuanceErrors } from "../../../errors/issuance.ts";
import { registrationErrors } from "../../../errors/registration.ts";
import { codeRows, documentedRows } from "./error-code-rows.testdata.ts";
import { errorCodeTable } from "./error-code-table.ts";
import { adHocRefusal, batchRefusal, csrRefusal, returnsReference } from "./index.ts";
import { adHocStatuses, csrStatuses } from "./statuses.ts";

const codes = Object.keys(catalogue) as ErrorCode[];
const every = (
  of: (refused: { code: ErrorCode; details: Record<string, string> }) => {
    error: { code: string };
    status: string;
  },
) => codes.map((code) => of({ code, details: {} }));

/** Errors of verbs, of the portal's own pages and of clients: no answer of a web service is about them. */
const elsewhere: ReadonlySet<string> = new Set([
  // What is said to operators of batches, chunks, certificates and lists.
  ...["BATCH_NOT_COMPLETED", "BATCH_NOT_PENDING", "OWN_BATCH", "CHUNK_NOT_HELD", "CHUNK_NOT_NAMED"],
  ...["CREDENTIAL_HOLDER_INVALID", "SUBSCRIBER_NEEDED", "CERTIFICATE_NOT_FOUND", "CERTIFICATE_EXPIRED"],
  ...["DEVICE_CERTIFICATE_NOT_REVOCABLE", "AUTHORITY_REVOKED_IN_CEREMONY", "CERTIFICATE_REVOKED_ALREADY"],
  ...["NOT_A_DEVICE_CERTIFICATE", "AUTHORITY_REVOKED"],
  // Registration, and the inventory.
  ...["PARTY_INVALID", "PARTY_NAME_TAKEN", "PARTY_NOT_FOUND", "IDENTIFIER_ALLOCATED", "OFFICER_NOT_FOUND"],
  ...["CREDENTIAL_HOLDER_NEEDED", "CREDENTIAL_SYSTEM_DIFFERS", "DEVICE_INVALID"],
  ...["DEVICE_NOT_LISTED", "DEVICE_LISTED", "DEVICE_LIMIT_INVALID", "DEVICE_FILE_INVALID", "CSV_UNREADABLE"],
]);

describe("the codes of the web services", () => {
  test("are given to every error with which a CSR, a batch or a Party is refused", () => {
    const errors = {
      ...csrErrors,
      ...issuanceErrors,
      ...registrationErrors,
      ...deviceErrors,
      ...interfaceErrors,
    };
    const refusals = Object.entries(errors).filter(([, { status }]) => status < 500);
    const missing = refusals.filter(
      ([code]) => !(code in errorCodeTable) && !elsewhere.has(code) && !code.startsWith("EST_"),
    );
    // Give it a code in error-code-table.ts, or say above that no web service answers with it.
    expect(missing.map(([code]) => code)).toEqual([]);
  });

  test("have the form that the schemas ask for, whatever the error", () => {
    for (const { error } of [
      ...every(adHocRefusal),
      ...every(csrRefusal),
      ...every((refused) => batchRefusal(refused, "submission")),
      ...every((refused) => batchRefusal(refused, "query")),
    ]) {
      expect(error.code).toMatch(/^[A-Z]{2}:[A-Za-z0-9]+$/);
      expect(error.code.length).toBeLessThanOrEqual(10);
    }
  });

  test("go with the statuses that each message has: no INELIGIBLE for one CSR, no UNKNOWN_DEVICE in a batch", () => {
    const [adHoc, csr] = [every(adHocRefusal), every(csrRefusal)].map(
      (refusals) => new Set(refusals.map(({ status }) => status)),
    );
    expect([...adHoc!].sort()).toEqual(adHocStatuses.filter((status) => status !== "SUCCESS").toSorted());
    expect([...csr!].sort()).toEqual(csrStatuses.filter((status) => status !== "SUCCESS").toSorted());
    expect(new Set(every((refused) => batchRefusal(refused, "query")).map(({ status }) => status))).toEqual(
      new Set(["FORMAT_ERROR", "WORKFLOW_ERROR"]),
    );
  });

  test("mean one thing each: CA: is an anomaly or a failure of the CA by its value, too", () => {
    const rows = codeRows();
    expect(new Set(rows.map(({ code }) => code)).size).toBe(rows.length);
    for (const { code, status } of rows)
      if (code.startsWith("CA:")) expect([code[3], status]).toEqual(["D", "ISSUANCE_ANOMALY"]);
    expect(csrRefusal({ code: "AUTHORITY_MISSING", details: {} })).toMatchObject({
      status: "CA_ERROR",
      error: { code: "CA:EE1" },
    });
  });

  test("are those of Appendix M where its examples have one", () => {
    const details = {};
    expect(batchRefusal({ code: "XML_INVALID", details }, "submission").error.code).toBe("FM:AA1");
    expect(batchRefusal({ code: "BATCH_TOO_LARGE", details }, "submission").error.code).toBe("FM:AA2");
    expect(batchRefusal({ code: "BATCH_NOT_FOUND", details }, "query").error.code).toBe("FM:AA3");
    expect(batchRefusal({ code: "INTERNAL", details }, "submission").error.code).toBe("WF:BB2");
    expect(batchRefusal({ code: "INTERNAL", details }, "query").error.code).toBe("WF:BB1");
    expect(csrRefusal({ code: "CSR_CURVE_UNSUPPORTED", details })).toMatchObject({
      status: "CSR_ERROR",
      error: { code: "CR:CC1" },
    });
    expect(adHocRefusal({ code: "KEY_ALREADY_CERTIFIED", details })).toMatchObject({
      status: "CSR_ERROR",
      error: { code: "CR:9999" },
    });
  });

  test("tell a failed check of SEC L3.16 by its reason, and nothing of a Device that is not the Party's", () => {
    const details = { device: "00db1234567890a4", deviceType: "CAD", smiStatus: "commissioned" };
    const type2 = { code: "DEVICE_NOT_ELIGIBLE", details: { ...details, reason: "type-2-device" } } as const;
    const other = {
      code: "DEVICE_NOT_ELIGIBLE",
      details: { ...details, reason: "not-responsible" },
    } as const;
    expect([csrRefusal(type2), csrRefusal(other)].map(({ status, error }) => [status, error.code])).toEqual([
      ["INELIGIBLE", "IN:GG5"],
      ["INELIGIBLE", "IN:GG4"],
    ]);
    expect(
      [adHocRefusal(type2), adHocRefusal(other)].map(({ status, error }) => [status, error.code]),
    ).toEqual([
      ["ISSUANCE_ANOMALY", "CA:DE5"],
      ["ISSUANCE_ANOMALY", "CA:DE4"],
    ]);
    expect(csrRefusal(other).error.text).not.toMatch(/commissioned|CAD/);
  });

  test("come with nothing of what went wrong inside", () => {
    const inside = {
      code: "DATABASE_FAILED",
      details: { sqlstate: "23505", table: "certified_key" },
    } as const;
    for (const { error } of [adHocRefusal(inside), csrRefusal(inside), batchRefusal(inside, "query")])
      expect(error.text).not.toMatch(/23505|certified_key|database/i);
  });

  test("return the client's ID, unless the message was incorrectly formed", () => {
    for (const code of [
      "XML_INVALID",
      "MESSAGE_INVALID",
      "MESSAGE_CSR_IDENTIFIER_REPEATED",
      "BATCH_EMPTY",
    ] as const)
      expect(returnsReference({ code }), code).toBe(false);
    for (const code of ["BATCH_TOO_LARGE", "CSR_MALFORMED", "NOT_PERMITTED", "INTERNAL"] as const)
      expect(returnsReference({ code }), code).toBe(true);
  });

  test("stand in docs/interfaces.md, each as it is", () => {
    const page = readFileSync(join(import.meta.dirname, "../../../../docs/interfaces.md"), "utf8").split(
      "\n",
    );
    const inPage = page.filter((line) => /^\| `[A-Z]{2}:[A-Za-z0-9]+` \|/.test(line));
    const ownFailures = ["WF:BB1", "WF:BB2", "WF:BB3", "CA:EE1"];
    expect(inPage.filter((line) => !ownFailures.some((code) => line.includes(`\`${code}\``)))).toEqual(
      documentedRows(),
    );
    for (const code of ownFailures) expect(page.join("\n")).toContain(`| \`${code}\` |`);
  });
});
