import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatEui64 } from "../../certificates/index.ts";
import {
  credentialOf,
  enrolParties,
  foundedEstate,
  type UpService,
  up,
} from "../processes/testkit/estates.ts";
import { clientOf, type HttpsClient } from "../processes/testkit/https-client.ts";
import { meterKeys } from "../processes/testkit/requests.ts";
import { cleanUp, smki, temporaryFolder } from "../processes/testkit/smki.ts";

let service: UpService;
let manufacturer: HttpsClient;
beforeAll(async () => {
  service = await up(await foundedEstate());
  await enrolParties(service);
  manufacturer = clientOf(service, credentialOf(service.data, "SMPM", "device"));
});
afterAll(async () => {
  manufacturer.close();
  service.interrupt();
  await service.ended;
  await cleanUp();
});

const device = (...words: string[]) => smki(["device", ...words, "--data", service.data]);
async function answerOf<Answer>(...words: string[]): Promise<Answer> {
  const { status, stdout, stderr } = await device(...words, "--json");
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Answer;
}

const idOf = (meter: number): string => formatEui64(meterKeys(meter)[0]?.deviceId ?? ("" as never));
const request = async (meter: number) => {
  const csr = meterKeys(meter)[0]?.csr.toString("base64");
  const answer = await manufacturer.post("/api/v1/device-certificates", { csr });
  return { status: answer.status, code: (answer.json() as { code?: string }).code };
};

describe("smki device", () => {
  test("lists a meter, after which its manufacturer has no more certificates for it", async () => {
    expect(await request(1)).toMatchObject({ status: 201 });
    await answerOf("add", idOf(1), "--type", "ESME", "--status", "Pending");
    expect(await request(1)).toMatchObject({ status: 201 });
    await answerOf("set", idOf(1), "--status", "Commissioned", "--model", "HP-3");
    expect(await request(1)).toEqual({ status: 403, code: "DEVICE_NOT_ELIGIBLE" });
    const shown = await device("show", idOf(1));
    expect(shown.stdout).toMatch(/SMI status +Commissioned since/);
    expect(shown.stdout).toMatch(/certificates +2 of at most 100/);
    expect(shown.stdout).toMatch(/until .* ESME, Pending/);
    const former = await device("show", idOf(1), "--at", "2020-01-01T00:00:00Z");
    expect(former.stdout).toContain("not-in-inventory");
    expect((await device("show", idOf(1), "--at", "yesterday")).stderr).toContain("2026-06-01T12:00:00Z");
  });

  test("gives a Device a limit of its own", async () => {
    await answerOf("limit", idOf(2), "--certificates", "1", "--reason", "a spare");
    expect(await request(2)).toMatchObject({ status: 201 });
    expect(await request(2)).toEqual({ status: 409, code: "DEVICE_CERTIFICATE_LIMIT" });
    expect((await device("limit", idOf(2), "--certificates", "5")).stderr).toContain("--reason");
    // It is not in the inventory, and has both all the same.
    const shown = await device("show", idOf(2));
    expect(shown.stdout).toMatch(/state +not-in-inventory\ncertificates +1 of at most 1 .*a spare/);
    expect((await device("show", idOf(2), "--at", "2026-01-01T00:00:00Z")).stdout).toContain(
      "not-in-inventory",
    );
  });

  test("writes the file that it takes in, and changes nothing by taking it in", async () => {
    const file = join(temporaryFolder(), "devices.csv");
    await answerOf(
      "add",
      idOf(3),
      "--type",
      "HCALCS",
      "--status",
      "Whitelisted",
      "--manufacturer",
      'A, "B" & C',
    );
    await answerOf("export", file);
    expect(readFileSync(file, "utf8")).toContain('HCALCS,Whitelisted,,,"A, ""B"" & C",');
    expect(await answerOf("import", file)).toMatchObject({ rows: 2, added: 0, changed: 0, unchanged: 2 });
    expect(await answerOf("search", "--type", "HCALCS")).toMatchObject([{ deviceType: "HCALCS" }]);
    expect(existsSync(`${file}.new`)).toBe(false);
  });

  test("names every line that it cannot take, and takes none", async () => {
    const file = join(temporaryFolder(), "bad.csv");
    const header = readFileSync(await exported(), "utf8").split("\n")[0] ?? "";
    const bad = Array.from({ length: 130 }, () => "xyz,ESME,Pending,,,,,,");
    writeFileSync(file, [header, `${idOf(4)},ESME,Pending,,,,,,`, ...bad].join("\n"));
    const { status, stderr } = await device("import", file);
    expect(status).toBe(1);
    for (const line of [3, 102, 103, 132])
      expect(stderr).toMatch(new RegExp(`line ${String(line)}: deviceId`));
    expect(stderr).toContain("DEVICE_FILE_INVALID");
    expect(await answerOf("show", idOf(4))).toMatchObject({ device: "not-in-inventory", history: [] });
    expect((await device("import", `${file}.none`)).stderr).toContain("FILE_UNREADABLE");
    expect((await device("export", "/nonexistent/devices.csv")).stderr).toContain("FILE_UNWRITABLE");
  });

  async function exported(): Promise<string> {
    const file = join(temporaryFolder(), "all.csv");
    await answerOf("export", file);
    return file;
  }
});
