import { expect, test } from "vitest";
import { countByStatus, mayPass, writeReport } from "./outcomes.ts";

test("the report has a line for each CSR, whatever the service wrote", () => {
  const report = writeReport([
    { file: "a.csr", status: "issued", batch: 1, serialNumber: "0A" },
    {
      file: "b.csr",
      status: "refused",
      reason: "CSR_ERROR",
      errorCode: "CR:CC1",
      text: "a\tb\r\nc\u2028d\u001b[2J",
    },
  ]);
  expect(report).toBe(
    [
      "file\tstatus\tbatch\tserialNumber\treason\terrorCode\ttext",
      "a.csr\tissued\t1\t0A\t\t\t",
      "b.csr\trefused\t\t\tCSR_ERROR\tCR:CC1\ta b  c d [2J",
      "",
    ].join("\n"),
  );
});

test("only a failure of the CA may pass by itself", () => {
  const refused = (reason: string) => mayPass({ file: "a.csr", status: "refused", reason });
  expect(["CA_ERROR", "CSR_ERROR", "INELIGIBLE", "ISSUANCE_ANOMALY"].map(refused)).toEqual([
    true,
    false,
    false,
    false,
  ]);
  expect(mayPass({ file: "a.csr", status: "wrong", reason: "CA_ERROR" })).toBe(false);
  expect(
    countByStatus([
      { file: "a", status: "issued" },
      { file: "b", status: "issued" },
    ]),
  ).toEqual({ issued: 2 });
});
