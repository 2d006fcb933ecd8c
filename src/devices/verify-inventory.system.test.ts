import { type RawBuilder, sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Eui64, eui64 } from "../certificates/index.ts";
import { type TestDatabase, testDatabase } from "../database/testkit.ts";
import { allActs } from "../ledger/all-acts.ts";
import type { LedgerFinding } from "../ledger/verification/finding.ts";
import { localOperator } from "../registration/principal.ts";
import { rulebookFor } from "../rulebook/index.ts";
import { importDevices } from "./import-devices.ts";
import { changeDevice, putDevice } from "./inventory.ts";
import { InventoryCheck } from "./verify-inventory.ts";

const rules = rulebookFor("response");
const operator = localOperator("test");
const header =
  "device_id,device_type,smi_status,import_supplier,gas_supplier,manufacturer,model,hardware_version,firmware_version";
const day = (number: number) => new Date(Date.UTC(2026, 5, number));
const [still, moved, display] = ["00db120000000001", "00db120000000002", "00db120000000003"].map(eui64) as [
  Eui64,
  Eui64,
  Eui64,
];

let clean: TestDatabase;
beforeAll(async () => {
  clean = await testDatabase();
  await put({ deviceId: still, deviceType: "ESME", smiStatus: "Pending", model: "HP-3" }, 2);
  await put({ deviceId: moved, deviceType: "GSME", smiStatus: "Pending" }, 3);
  await change(moved, { firmwareVersion: "2" }, 4);
  await change(moved, { smiStatus: "Commissioned" }, 5);
  await change(moved, { firmwareVersion: "3" }, 5);
  await load(
    [`${still},ESME,Pending,,,,HP-3,,`, `${moved},GSME,Suspended,,,,,,`, `${display},IHD,,,,,,,`],
    6,
  );
  await load([`${display},IHD,,,,,,,`], 7);
  await put({ deviceId: display, deviceType: "IHD", model: "9" }, 8);
});
afterAll(() => clean.drop());

const put = (text: object, at: number) =>
  clean.database.transaction((tx) => putDevice(tx, operator, text, rules, day(at)));
const change = (deviceId: Eui64, changes: object, at: number) =>
  clean.database.transaction((tx) => changeDevice(tx, operator, deviceId, changes, rules, day(at)));
async function* octetsOf(text: string) {
  yield Buffer.from(text);
}
const load = (lines: readonly string[], at: number) =>
  clean.database.transaction((tx) =>
    importDevices(tx, operator, octetsOf([header, ...lines].join("\n")), { rules, at: day(at) }),
  );

/** What is found after an alteration, which is undone. */
async function found(...alterations: readonly RawBuilder<unknown>[]): Promise<string[]> {
  const undo = new Error("undo");
  let findings: readonly LedgerFinding[] = [];
  const look = clean.database.transaction(async (tx) => {
    for (const alteration of alterations) await alteration.execute(tx);
    const check = new InventoryCheck(tx);
    for await (const act of allActs(tx, "certificate.issued")) await check.take(act);
    findings = await check.findings();
    throw undo;
  });
  await expect(look).rejects.toBe(undo);
  return findings.map(({ kind, what }) => `${kind}: ${what}`);
}

const octets = (deviceId: Eui64) => Buffer.from(deviceId, "hex");

test("nothing is found where nothing was altered", async () => {
  expect(await found()).toEqual([]);
});

test.each([
  ["its type", sql`device_type = 'CHF'`],
  ["its status", sql`smi_status = 'Commissioned'`],
  ["its Import Supplier", sql`import_supplier = 77`],
  ["its Gas Supplier", sql`gas_supplier = 77`],
  ["its manufacturer", sql`manufacturer = 'x'`],
  ["its model", sql`model = null`],
  ["its firmware", sql`firmware_version = ''`],
])("a Device of which %s was altered is named, with the act that says otherwise", async (_, what) => {
  expect(await found(sql`update device set ${what} where device_id = ${octets(still)}`)).toEqual([
    "record-altered: what change 1 of the inventory says of Device 00-DB-12-00-00-00-00-01 is not held as the act has it",
  ]);
});

test("a Device that came in with a file and was altered is found by the act of the file", async () => {
  const findings = await found(sql`update device set gas_supplier = 7 where device_id = ${octets(moved)}`);
  expect(findings).toEqual([
    expect.stringMatching(
      /^record-altered: what change \d+ .* of the file with SHA-256 [0-9a-f]{64} is not held as/,
    ),
  ]);
});

test("a Device that nobody listed is found", async () => {
  const columns = sql`device_id, device_type, smi_status, status_since, changed_at, change_id`;
  const added = (changeId: number) =>
    sql`insert into device (${columns}) values ('\\x00db12000000000f', 'ESME', 'Pending', ${day(2)}, ${day(2)}, ${changeId})`;
  expect(await found(added(1_000))).toEqual([
    "record-without-leaf: what change 1000 of the inventory says of Device 00-DB-12-00-00-00-00-0F is held, and no act says so",
  ]);
  expect(await found(added(1))).toEqual([
    expect.stringMatching(/^record-altered: .*Device 00-DB-12-00-00-00-00-01 .*: there are 2 of 1 Devices$/),
  ]);
});

test("a Device that was taken out is found, and one whose past was", async () => {
  expect(await found(sql`delete from device where device_id = ${octets(still)}`)).toEqual([
    "record-missing: what change 1 of the inventory says of Device 00-DB-12-00-00-00-00-01 is not held",
  ]);
  const past = sql`delete from device_history where device_id = ${octets(moved)}`;
  expect((await found(past)).filter((what) => what.startsWith("record-missing"))).toHaveLength(4);
});

test("a Device that was put back to what it was before is found, though all its versions are held", async () => {
  const columns = sql`device_type, smi_status, firmware_version, status_since, change_id`;
  const swap = [
    sql`create temporary table newest on commit drop as select * from device where device_id = ${octets(moved)}`,
    sql`update device set (${columns}, changed_at) = (
        select ${columns}, since from device_history where device_id = ${octets(moved)} order by id desc limit 1)
      where device_id = ${octets(moved)}`,
    sql`update device_history set (${columns}, since) = (select ${columns}, changed_at from newest)
      where id = (select max(id) from device_history where device_id = ${octets(moved)})`,
  ];
  expect(await found(...swap)).toEqual([
    "record-altered: the history of Device 00-DB-12-00-00-00-00-02 does not lead to what the inventory says of it",
  ]);
});

describe("the times of a Device", () => {
  const history =
    "record-altered: the history of Device 00-DB-12-00-00-00-00-02 does not lead to what the inventory says of it";
  test.each([
    [
      "since when it has its status",
      sql`update device set status_since = ${day(1)} where device_id = ${octets(moved)}`,
    ],
    [
      "until when something was so",
      sql`update device_history set until = ${day(30)} where firmware_version = '2'
        and smi_status = 'Pending'`,
    ],
  ])("that say %s are worked out anew", async (_, alteration) => {
    expect(await found(alteration)).toEqual([history]);
  });

  test("since when it is so are those of the act", async () => {
    const findings = await found(
      sql`update device set changed_at = ${day(1)}, status_since = ${day(1)} where device_id = ${octets(still)}`,
    );
    expect(findings).toEqual([expect.stringMatching(/: it is dated 2026-06-01T00:00:00.000Z$/)]);
  });
});
