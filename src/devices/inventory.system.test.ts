import { hash } from "node:crypto";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Eui64, eui64, type SerialNumber } from "../certificates/index.ts";
import type { Database } from "../database/connect.ts";
import { type TestDatabase, testDatabase } from "../database/testkit.ts";
import { decodeAct } from "../ledger/act-encoding.ts";
import type { PartyCategory } from "../registration/party.ts";
import { type CredentialHolder, localOperator, type Principal } from "../registration/principal.ts";
import { registerParty } from "../registration/registration.ts";
import { rulebookFor } from "../rulebook/index.ts";
import type { DeviceText } from "./device.ts";
import { exportDevices } from "./export-devices.ts";
import { type ImportMistake, importDevices } from "./import-devices.ts";
import {
  changeDevice,
  deviceAt,
  findDevice,
  historyOfDevice,
  putDevice,
  searchDevices,
} from "./inventory.ts";

const rules = rulebookFor("response");
const operator = localOperator("test");
const header =
  "device_id,device_type,smi_status,import_supplier,gas_supplier,manufacturer,model,hardware_version,firmware_version";

let clean: TestDatabase;
const parties: Record<string, number> = {};
beforeAll(async () => {
  clean = await testDatabase();
  await register("Northern Lights Energy Ltd", "large-supplier", { signifier: "NLE" });
  await register('Gas, "Oil" & Light plc', "small-supplier");
  await register("Data Hub Ltd", "dcc");
  await register("Halfpenny Meters Ltd", "manufacturer", {
    ranges: [{ first: eui64("00db120000000000"), last: eui64("00db12ffffffffff") }],
  });
});
afterAll(async () => clean.drop());

async function register(name: string, category: PartyCategory, more: object = {}) {
  const party = { name, categories: [category], roles: [], identifiers: [], ranges: [], ...more };
  parties[category] = await clean.database.transaction((tx) => registerParty(tx, operator, party, day(1)));
}

const day = (number: number) => new Date(Date.UTC(2026, 5, number));
const as = (category: PartyCategory): CredentialHolder => ({
  kind: "credential",
  name: "credential:10",
  serialNumber: "10" as SerialNumber,
  partyId: parties[category] ?? 0,
  subscriberFor: "device",
});

let last = 0;
const nextDevice = (prefix = "00db12"): Eui64 => {
  last += 1;
  return eui64(`${prefix}${last.toString(16).padStart(10, "0")}`);
};
const meter = (deviceId: Eui64, text: DeviceText = {}): DeviceText => ({
  deviceId,
  deviceType: "ESME",
  smiStatus: "Pending",
  ...text,
});
const put = (text: DeviceText, at: Date, by: Principal = operator) =>
  clean.database.transaction((tx) => putDevice(tx, by, text, rules, at));
const change = (deviceId: Eui64, changes: DeviceText, at: Date) =>
  clean.database.transaction((tx) => changeDevice(tx, operator, deviceId, changes, rules, at));
const find = (deviceId: Eui64, by: Principal = operator) =>
  clean.database.read((tx) => findDevice(tx, by, deviceId));

/** What was recorded so far; no sequencer is at work. */
async function readInbox(database: Database) {
  const { rows } = await database.read((tx) =>
    sql<{ entry: Buffer }>`select entry from ledger_inbox order by ctid`.execute(tx),
  );
  return rows.map(({ entry }) => decodeAct(entry));
}

describe("a Device in the inventory", () => {
  test("is listed, and found as it was listed, with its act", async () => {
    const deviceId = nextDevice();
    expect(await put(meter(deviceId, { importSupplier: "NLE", model: "HP-3" }), day(2))).toBe("added");
    expect(await find(deviceId)).toEqual({
      deviceId,
      deviceType: "ESME",
      smiStatus: "Pending",
      importSupplier: parties["large-supplier"],
      model: "HP-3",
      statusSince: day(2),
      since: day(2),
    });
    const acts = await readInbox(clean.database);
    expect(acts.at(-1)).toMatchObject({
      kind: "device.listed",
      by: "operator:test",
      subject: { device: deviceId, deviceType: "ESME", smiStatus: "Pending", gasSupplier: null },
    });
  });

  test("is listed once only by those who mean a new one", async () => {
    const deviceId = nextDevice();
    await put(meter(deviceId), day(2));
    const again = clean.database.transaction((tx) =>
      putDevice(tx, operator, meter(deviceId), rules, day(3), "new"),
    );
    await expect(again).rejects.toMatchObject({ code: "DEVICE_LISTED" });
  });

  test("that is said to be as it is leaves no trace", async () => {
    const deviceId = nextDevice();
    await put(meter(deviceId), day(2));
    const before = (await readInbox(clean.database)).length;
    expect(await put(meter(deviceId), day(3))).toBe("unchanged");
    expect(await change(deviceId, { smiStatus: "pending" }, day(4))).toBe("unchanged");
    expect((await readInbox(clean.database)).length).toBe(before);
    expect((await find(deviceId)).since).toEqual(day(2));
  });

  test("has a history that says what was so at any time", async () => {
    const deviceId = nextDevice();
    await put(meter(deviceId, { importSupplier: "NLE", firmwareVersion: "1" }), day(2));
    await change(deviceId, { smiStatus: "Commissioned" }, day(4));
    await change(deviceId, { firmwareVersion: "2" }, day(6));
    await change(deviceId, { importSupplier: "" }, day(8));
    const at = (time: Date) => clean.database.read((tx) => deviceAt(tx, operator, deviceId, time));
    expect(await at(day(1))).toBeUndefined();
    expect(await at(day(2))).toMatchObject({ smiStatus: "Pending", statusSince: day(2) });
    expect(await at(day(5))).toMatchObject({ smiStatus: "Commissioned", firmwareVersion: "1" });
    expect(await at(day(7))).toMatchObject({
      firmwareVersion: "2",
      importSupplier: parties["large-supplier"],
      // The status did not change with the firmware.
      statusSince: day(4),
    });
    expect(await at(day(8))).not.toHaveProperty("importSupplier");
    const history = await clean.database.read((tx) => historyOfDevice(tx, operator, deviceId));
    expect(history.map(({ since, until }) => [since, until])).toEqual([
      [day(6), day(8)],
      [day(4), day(6)],
      [day(2), day(4)],
    ]);
  });

  test("that two change at once has both changes, and a history without a gap", async () => {
    const deviceId = nextDevice();
    await put(meter(deviceId), day(2));
    const [changed, goOn] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    const first = clean.database.transaction(async (tx) => {
      await changeDevice(tx, operator, deviceId, { model: "A" }, rules, day(3));
      changed.resolve(undefined);
      await goOn.promise;
    });
    await changed.promise;
    const second = change(deviceId, { manufacturer: "B" }, day(3));
    let waiting = 0;
    for (const end = performance.now() + 10_000; waiting === 0 && performance.now() < end; ) {
      const { rows } = await clean.database.read((tx) =>
        sql<{ waiting: number }>`select count(*) as waiting from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`.execute(tx),
      );
      waiting = rows[0]?.waiting ?? 0;
    }
    expect(waiting).toBe(1);
    goOn.resolve(undefined);
    await Promise.all([first, second]);
    expect(await find(deviceId)).toMatchObject({ model: "A", manufacturer: "B" });
    expect(await clean.database.read((tx) => historyOfDevice(tx, operator, deviceId))).toHaveLength(2);
  });

  test("that is not listed is not changed", async () => {
    await expect(change(nextDevice(), { model: "A" }, day(3))).rejects.toMatchObject({
      code: "DEVICE_NOT_LISTED",
    });
  });
});

describe("the inventory is kept", () => {
  test("by the DCC and the person at the machine, and nobody else", async () => {
    const deviceId = nextDevice();
    for (const category of ["large-supplier", "manufacturer"] as const)
      await expect(put(meter(deviceId), day(2), as(category))).rejects.toMatchObject({
        code: "NOT_PERMITTED",
      });
    expect(await put(meter(deviceId), day(2), as("dcc"))).toBe("added");
  });

  test("and read by a Supplier for its own Devices, by a manufacturer for those in its ranges", async () => {
    const [mine, foreign, both] = [nextDevice("00aa00"), nextDevice("00bb00"), nextDevice()];
    await put(meter(mine, { gasSupplier: "NLE" }), day(2));
    await put(meter(foreign), day(2));
    await put(meter(both, { importSupplier: "NLE" }), day(2));
    const seen = async (category: PartyCategory) =>
      (await clean.database.read((tx) => searchDevices(tx, as(category), { limit: 1_000 }))).map(
        ({ deviceId }) => deviceId,
      );
    const supplier = await seen("large-supplier");
    expect(supplier).toEqual(expect.arrayContaining([mine, both]));
    expect(supplier).not.toContain(foreign);
    const manufacturer = await seen("manufacturer");
    expect(manufacturer).toContain(both);
    expect(manufacturer).not.toContain(mine);
    expect(await seen("dcc")).toEqual(expect.arrayContaining([mine, foreign, both]));
    expect(await seen("small-supplier")).toEqual([]);
    // Whether it is there is not told either.
    await expect(find(foreign, as("large-supplier"))).rejects.toMatchObject({ code: "DEVICE_NOT_LISTED" });
  });

  test("and a former Supplier's time is not the next one's to see", async () => {
    const deviceId = nextDevice("00cc00");
    await put(meter(deviceId, { importSupplier: "NLE" }), day(2));
    await change(deviceId, { importSupplier: 'Gas, "Oil" & Light plc' }, day(3));
    await change(deviceId, { model: "X" }, day(4));
    const history = await clean.database.read((tx) => historyOfDevice(tx, as("small-supplier"), deviceId));
    expect(history.map(({ since }) => since)).toEqual([day(3)]);
    await expect(find(deviceId, as("large-supplier"))).rejects.toMatchObject({ code: "DEVICE_NOT_LISTED" });
  });

  test("is searched by what is known", async () => {
    const deviceId = nextDevice("00dd00");
    await put(
      meter(deviceId, { deviceType: "HCALCS", manufacturer: "Sought", model: "S-1", importSupplier: "NLE" }),
      day(2),
    );
    const search = (query: object) =>
      clean.database.read((tx) => searchDevices(tx, operator, { limit: 10, ...query }));
    const sought = { manufacturer: "Sought", model: "S-1", deviceType: "HCALCS", smiStatus: "Pending" };
    expect(
      (await search({ ...sought, supplier: parties["large-supplier"] })).map((device) => device.deviceId),
    ).toEqual([deviceId]);
    expect(await search({ ...sought, smiStatus: "Commissioned" })).toEqual([]);
    expect(await search({ ...sought, supplier: parties["dcc"] })).toEqual([]);
    expect(await search({ ...sought, after: deviceId })).toEqual([]);
  });
});

describe("a file of Devices", () => {
  const load = async (text: string, more: { dryRun?: boolean; at?: Date; by?: Principal } = {}) => {
    const mistakes: ImportMistake[] = [];
    async function* source() {
      const octets = Buffer.from(text);
      for (let at = 0; at < octets.length; at += 1_000) yield octets.subarray(at, at + 1_000);
    }
    const options = {
      rules,
      at: more.at ?? day(10),
      dryRun: more.dryRun ?? false,
      onMistake: (mistake: ImportMistake) => mistakes.push(mistake),
    };
    const report = await clean.database
      .transaction((tx) => importDevices(tx, more.by ?? operator, source(), options))
      .catch((error: unknown) => ({ refused: error as { code: string; details: Record<string, unknown> } }));
    return { report, mistakes };
  };
  const everything = async (query = {}) => {
    let text = "";
    const read = async () =>
      clean.database.read(
        async (tx) => {
          for await (const page of exportDevices(tx, operator, query)) text += page.text;
        },
        { snapshot: true },
      );
    await read();
    return text;
  };
  const count = async () => (await everything()).split("\n").length;

  test("is taken in whole: added, changed and left as they were, with one act for all", async () => {
    const [one, two, three] = [nextDevice("01aa00"), nextDevice("01aa00"), nextDevice("01aa00")];
    await put(meter(one), day(2));
    await put(meter(two, { model: "old" }), day(2));
    const text = [
      header,
      `${one},ESME,Pending,,,,,,`,
      `${two},ESME,Commissioned,NLE,"Gas, ""Oil"" & Light plc",,new,,`,
      `${three},IHD,,,,Display Makers,"D ""9""",,`,
    ].join("\r\n");
    const before = (await readInbox(clean.database)).length;
    const { report } = await load(text);
    const sha256 = hash("sha256", text, "hex");
    expect(report).toEqual({ sha256, rows: 3, added: 1, changed: 1, unchanged: 1 });
    expect(await find(two)).toMatchObject({
      importSupplier: parties["large-supplier"],
      gasSupplier: parties["small-supplier"],
    });
    expect(await find(three)).toMatchObject({ deviceType: "IHD", model: 'D "9"' });
    expect(await clean.database.read((tx) => historyOfDevice(tx, operator, two))).toMatchObject([
      { model: "old" },
    ]);
    const acts = (await readInbox(clean.database)).slice(before);
    expect(acts).toMatchObject([
      { kind: "devices.imported", subject: { sha256, rows: 3, added: 1, changed: 1 } },
    ]);
  });

  test("that was taken in already changes nothing", async () => {
    const text = `${header}\n${nextDevice("01bb00")},GSME,Pending,,,,,,\n`;
    await load(text, { at: day(11) });
    expect((await load(text, { at: day(12) })).report).toMatchObject({ added: 0, changed: 0, unchanged: 1 });
  });

  test("with lines that cannot be taken changes nothing, and every one of them is named", async () => {
    const before = await count();
    const [good, twice] = [nextDevice("01cc00"), nextDevice("01cc00")];
    const { report, mistakes } = await load(
      [
        header,
        `${good},ESME,Pending,,,,,,`,
        `${twice},ESME,Pending,,,,,,`,
        "xyz,ESME,Pending,,,,,,",
        "",
        `${nextDevice()},TOASTER,Pending,,,,,,`,
        `${nextDevice()},ESME,Pending,Nobody,,,,,`,
        `${nextDevice()},ESME,Pending`,
        `${nextDevice()},ESME,"Pending,,,,,,`,
        `${twice},ESME,Commissioned,,,,,,`,
      ].join("\n"),
    );
    expect(mistakes.map(({ line }) => line).toSorted((left, right) => left - right)).toEqual([
      4, 6, 7, 8, 9, 10,
    ]);
    expect(mistakes.map(({ problem }) => problem)).toEqual([
      expect.stringMatching(/^deviceId: "xyz" is no EUI-64/),
      expect.stringMatching(/^deviceType: "TOASTER" is none of ESME, GSME/),
      expect.stringMatching(/^importSupplier: no Supplier is registered as "Nobody"/),
      expect.stringMatching(/it has 3 fields; write 9/),
      expect.stringMatching(/quote/),
      expect.stringMatching(/on line 3 already/),
    ]);
    expect(report).toMatchObject({ refused: { code: "DEVICE_FILE_INVALID", details: { count: 6 } } });
    expect(await count()).toBe(before);
    await expect(find(good)).rejects.toMatchObject({ code: "DEVICE_NOT_LISTED" });
  });

  test("a Device on two lines far apart is found too", async () => {
    const devices = Array.from({ length: 12_000 }, () => nextDevice("01dd00"));
    const lines = devices.map((deviceId) => `${deviceId},ESME,Pending,,,,,,`);
    const { mistakes } = await load([header, ...lines, lines[5]].join("\n"));
    expect(mistakes).toEqual([
      { line: 12_002, problem: expect.stringContaining("line 7 already") as string },
    ]);
  });

  test("tells the first hundred mistakes in the refusal, and how many there are", async () => {
    const lines = Array.from({ length: 250 }, () => "xyz,ESME,Pending,,,,,,");
    const { report, mistakes } = await load([header, ...lines].join("\n"));
    expect(mistakes).toHaveLength(250);
    const { details } = (report as { refused: { details: Record<string, unknown> } }).refused;
    expect(details["count"]).toBe(250);
    expect(String(details["mistakes"]).split("\n")).toHaveLength(101);
  });

  test.each([
    ["has no first line", ""],
    ["has lines and no columns", "00db120000000001,ESME,Pending,,,,,,\n"],
    ["leaves a column out", "device_id,device_type,smi_status\n00db120000000001,ESME,Pending\n"],
    ["names a column twice", `${header},model\n`],
  ])("is refused when it %s", async (_, text) => {
    expect((await load(text)).report).toMatchObject({ refused: { code: "DEVICE_FILE_INVALID" } });
  });

  test("is refused when it is no text", async () => {
    expect((await load(`${header}\n${"x".repeat(10_000)}`)).report).toMatchObject({
      refused: { code: "CSV_UNREADABLE" },
    });
  });

  test("may have its columns in any order", async () => {
    const deviceId = nextDevice("01ee00");
    const text = `${header.split(",").toReversed().join(",")}\n,,,,,,Pending,ESME,${deviceId}\n`;
    expect((await load(text)).report).toMatchObject({ added: 1 });
    expect(await find(deviceId)).toMatchObject({ deviceType: "ESME", smiStatus: "Pending" });
  });

  test("in a dry run is checked and counted, and nothing is changed", async () => {
    const deviceId = nextDevice("01ff00");
    const text = `${header}\n${deviceId},ESME,Pending,,,,,,\n`;
    const acts = (await readInbox(clean.database)).length;
    expect((await load(text, { dryRun: true })).report).toMatchObject({ rows: 1, added: 1 });
    await expect(find(deviceId)).rejects.toMatchObject({ code: "DEVICE_NOT_LISTED" });
    expect((await readInbox(clean.database)).length).toBe(acts);
    expect((await load(`${header}\nxyz,,,,,,,,`, { dryRun: true })).mistakes).toHaveLength(1);
  });

  test("is for those who keep the inventory", async () => {
    const refused = { refused: { code: "NOT_PERMITTED" } };
    expect((await load(`${header}\n`, { by: as("manufacturer") })).report).toMatchObject(refused);
  });

  test("goes out with the same columns, and comes back in as it was", async () => {
    const text = await everything();
    expect(text.split("\n")[0]).toBe(header);
    expect((await load(text)).report).toMatchObject({ added: 0, changed: 0 });
    expect(await everything()).toBe(text);
    const hubs = await everything({ deviceType: "IHD" });
    expect(
      hubs
        .split("\n")
        .slice(1, -1)
        .every((line) => line.includes(",IHD,")),
    ).toBe(true);
  });
});
