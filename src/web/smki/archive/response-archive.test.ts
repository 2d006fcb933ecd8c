import { buffer, text } from "node:stream/consumers";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromBufferPromise } from "yauzl";
import { type CsrStatus } from "../messages/index.ts";
import { csrStatuses } from "../messages/statuses.ts";
import {
  certificateArchive,
  certificateFileName,
  type RecordLine,
  readTextRecord,
  recordStatus,
  responseArchive,
  responseName,
  writeTextRecord,
} from "./index.ts";

const certificate = Buffer.from("308201a2", "hex");

async function filesOf(octets: Buffer): Promise<[string, Buffer][]> {
  const zip = await fromBufferPromise(octets, { strictFileNames: true });
  const files: [string, Buffer][] = [];
  for await (const entry of zip.eachEntry())
    files.push([entry.fileName, await buffer(await zip.openReadStreamPromise(entry))]);
  return files;
}

describe("the certificates of a portal batch", () => {
  test("stand under the names of their CSRs, in Base64", async () => {
    const ids = ["Meter 1.csr", "a.b.CSR", "Zähler.csr", "ID0"];
    const files = ids.map((clientId) => ({ clientId, certificate }));
    const names = ["Meter 1.crt", "a.b.crt", "Zähler.crt", "ID0.crt"];
    expect(ids.map(certificateFileName)).toEqual(names);
    const pem = "-----BEGIN CERTIFICATE-----\nMIIBog==\n-----END CERTIFICATE-----\n";
    for (const [form, content] of [["pem", pem] as const, ["base64", "MIIBog==\n"] as const])
      expect(await filesOf(await buffer(certificateArchive(files, form)))).toEqual(
        names.map((name) => [name, Buffer.from(content)]),
      );
  });

  test("are an empty ZIP where there are none", async () => {
    expect(await filesOf(await buffer(certificateArchive([], "pem")))).toEqual([]);
  });

  test("end with the error of their source, not as an archive that is short", async () => {
    const trouble = new Error("the database is gone");
    async function* broken() {
      yield { clientId: "a.csr", certificate };
      throw trouble;
    }
    await expect(buffer(certificateArchive(broken(), "pem"))).rejects.toBe(trouble);
    const contents = { record: () => [], certificates: broken };
    const forms = { record: { separator: "tab", header: true }, certificate: "pem" } as const;
    await expect(buffer(responseArchive("a.zip", contents, forms))).rejects.toBe(trouble);
  });
});

const tabs = { separator: "tab", header: true } as const;

describe("the text record", () => {
  const lines: readonly RecordLine[] = [
    { csr: "1", fileName: "a.csr", status: "success" },
    { csr: "2", fileName: "b.csr", status: "ineligible", errorCode: "IN:GG4" },
  ];

  test("has a line for each CSR", async () => {
    expect(await text(writeTextRecord(lines, tabs))).toBe(
      "CSR\tFile\tStatus\tErrorCode\r\n1\ta.csr\tsuccess\t\r\n2\tb.csr\tineligible\tIN:GG4\r\n",
    );
  });

  test("has the four words of Appendix M for every status", () => {
    const words = csrStatuses.map((status: CsrStatus) => `${status} ${recordStatus(status)}`);
    expect(words).toEqual([
      "SUCCESS success",
      "ISSUANCE_ANOMALY anomaly",
      "INELIGIBLE ineligible",
      "CSR_ERROR error",
      "CA_ERROR error",
      "WORKFLOW_ERROR error",
    ]);
  });

  test("is read back as it was written, whatever the names and the separator", async () => {
    const line = fc.record({
      csr: fc.nat().map(String),
      fileName: fc.string({ unit: fc.constantFrom("a", ",", ";", "\t", '"', " ", "é", "\n"), minLength: 1 }),
      status: fc.constantFrom("error" as const, "anomaly" as const),
      errorCode: fc.constantFrom("CR:CC1", "CA:DD1"),
    });
    const form = fc.record({
      separator: fc.constantFrom("tab" as const, "comma" as const, "semicolon" as const),
      header: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(line), form, async (written, as) => {
        expect(readTextRecord(await text(writeTextRecord(written, as)), as)).toEqual(written);
      }),
    );
  });

  test("is refused when it is none", () => {
    for (const bad of ["1\ta\tsuccess\r\n", "1\ta\tdone\t\r\n", '1\t"a'])
      expect(() => readTextRecord(bad, { ...tabs, header: false })).toThrow(
        "not a message of SEC Appendix M",
      );
  });
});

test("the response is a ZIP of the record and of the ZIP of certificates, named after the request", async () => {
  expect(["night 1.ZIP", "night 1"].map(responseName)).toEqual(["night 1-response", "night 1-response"]);
  const contents = {
    record: () => [{ csr: "1", fileName: "a.csr", status: "success" as const }],
    certificates: () => [{ clientId: "a.csr", certificate }],
  };
  const make = () => buffer(responseArchive("night 1.zip", contents, { record: tabs, certificate: "pem" }));
  const octets = await make();
  const [[recordName, record] = [], [innerName, inner] = []] = await filesOf(octets);
  expect([recordName, innerName]).toEqual(["night 1-response.txt", "night 1-response.zip"]);
  expect(readTextRecord(record!.toString(), tabs)).toHaveLength(1);
  expect((await filesOf(inner!)).map(([name]) => name)).toEqual(["a.crt"]);
  expect(await make()).toEqual(octets);
});
