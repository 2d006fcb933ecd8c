import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type ApiTestbed, apiTestbed } from "./api.testkit.ts";

let bed: ApiTestbed;
/** Folder for temporary files of this file alone. */
const temporary = mkdtempSync(join(tmpdir(), "smki-t-"));
const usual = process.env["TMPDIR"];
beforeAll(async () => {
  bed = await apiTestbed();
  process.env["TMPDIR"] = temporary;
});
afterAll(async () => {
  if (usual === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = usual;
  rmSync(temporary, { recursive: true, force: true });
  await bed.end();
});

const header =
  "device_id,device_type,smi_status,import_supplier,gas_supplier,manufacturer,model,hardware_version,firmware_version";

/** What the Party of the testbed is from now on. */
const become = (category: string) =>
  bed.database.transaction((tx) => sql`update party set categories = array[${category}]`.execute(tx));
beforeEach(() => become("dcc"));

async function ask(
  method: "GET" | "PUT" | "POST",
  url: string,
  payload?: string | object,
  type = "text/csv",
) {
  const answer = await bed.server.inject({
    method,
    url,
    headers: { ...bed.as("device"), ...(typeof payload === "string" ? { "content-type": type } : {}) },
    ...(payload === undefined ? {} : { payload }),
  });
  return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() };
}

const spools = () => readdirSync(temporary);

describe("the inventory over the JSON API", () => {
  const device = "/api/v1/devices/00-DB-12-00-00-00-00-01";

  test("takes a Device from the DCC, shows it, and what was so before", async () => {
    const pending = { deviceType: "ESME", smiStatus: "Pending", model: "HP-3" };
    expect(await ask("PUT", device, pending)).toEqual({ status: 200, body: { outcome: "added" } });
    expect(await ask("PUT", device, pending)).toEqual({ status: 200, body: { outcome: "unchanged" } });
    expect(await ask("PUT", device, { ...pending, smiStatus: "Commissioned" })).toMatchObject({
      body: { outcome: "changed" },
    });
    expect(await ask("GET", device)).toMatchObject({
      status: 200,
      body: {
        deviceId: "00-DB-12-00-00-00-00-01",
        smiStatus: "Commissioned",
        model: "HP-3",
        importSupplier: "",
      },
    });
    expect(await ask("GET", `${device}/history`)).toMatchObject({
      body: { history: [{ smiStatus: "Pending" }] },
    });
  });

  test.each([
    ["a type that there is not", { deviceType: "TOASTER", smiStatus: "Pending" }, 422],
    ["a field that there is not", { deviceType: "ESME", smiStatus: "Pending", colour: "red" }, 422],
    ["no SMI status of a meter", { deviceType: "ESME" }, 422],
    [
      "a Supplier that is not registered",
      { deviceType: "ESME", smiStatus: "Pending", gasSupplier: "Nobody" },
      422,
    ],
  ])("refuses %s", async (_, body, status) => {
    const answer = await ask("PUT", "/api/v1/devices/00-DB-12-00-00-00-00-02", body);
    expect([400, status]).toContain(answer.status);
    expect(await ask("GET", "/api/v1/devices/00-DB-12-00-00-00-00-02")).toMatchObject({ status: 404 });
  });

  test("takes a file from the DCC, tells its mistakes by line, and leaves nothing behind", async () => {
    const file = `${header}\n00db120000000011,GSME,Pending,,,,,,\n00db120000000012,CHF,Commissioned,,,,,,\n`;
    expect(await ask("POST", "/api/v1/devices?dryRun=true", file)).toMatchObject({ body: { added: 2 } });
    expect(await ask("GET", "/api/v1/devices/00db120000000011")).toMatchObject({ status: 404 });
    expect(await ask("POST", "/api/v1/devices", file)).toMatchObject({
      status: 200,
      body: { rows: 2, added: 2 },
    });
    const answer = await ask("POST", "/api/v1/devices", `${header}\n00db120000000011,,,,,,,,\n`);
    expect(answer).toMatchObject({
      status: 422,
      body: { code: "DEVICE_FILE_INVALID", details: { count: 1 } },
    });
    expect((answer.body["details"] as { mistakes: string }).mistakes).toMatch(/^line 2: deviceType/);
    const page = await ask("GET", "/api/v1/devices?type=GSME&limit=5");
    expect(page.body["devices"]).toMatchObject([{ deviceId: "00-DB-12-00-00-00-00-11" }]);
    expect(spools()).toEqual([]);
  });

  test("takes nothing but a file where a file is expected", async () => {
    expect((await ask("POST", "/api/v1/devices", { deviceType: "ESME" })).status).toBe(415);
    expect((await ask("POST", "/api/v1/devices", "a,b", "text/plain")).status).toBe(415);
  });

  test("is for the DCC to change and for each Party to read its own", async () => {
    await ask("PUT", device, { deviceType: "ESME", smiStatus: "Commissioned" });
    await ask("PUT", "/api/v1/devices/00db120000000031", {
      deviceType: "ESME",
      smiStatus: "Commissioned",
      importSupplier: "",
    });
    await become("large-supplier");
    const refused = { status: 403, body: { code: "NOT_PERMITTED" } };
    expect(await ask("PUT", device, { deviceType: "ESME", smiStatus: "Pending" })).toMatchObject(refused);
    expect(await ask("POST", "/api/v1/devices", `${header}\n`)).toMatchObject(refused);
    expect(await ask("GET", device)).toMatchObject({ status: 404, body: { code: "DEVICE_NOT_LISTED" } });
    expect(await ask("GET", "/api/v1/devices")).toMatchObject({ status: 200, body: { devices: [] } });
    await bed.database.transaction((tx) =>
      sql`update device set gas_supplier = (select min(id) from party) where device_id = '\\x00db120000000031'`.execute(
        tx,
      ),
    );
    expect(await ask("GET", "/api/v1/devices/00db120000000031")).toMatchObject({
      status: 200,
      body: { gasSupplier: "Sample Supply Ltd" },
    });
  });
});
