import { cpSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { requestRevocation } from "../../authorities/revocation/request-revocation.ts";
import { markNotInUse } from "../../authorities/revocation/revoke.ts";
import type { SerialNumber } from "../../certificates/index.ts";
import {
  type IssuingEstate,
  issuedSerialNumbers,
  issuingEstate,
  makeDeviceCsrs,
  makeOrganisationCsr,
} from "../../issuance/issuance.testkit.ts";
import {
  contextOf,
  forgeRows,
  judge,
  manifestIn,
  rowsIn,
  sequenceNow,
  testFolders,
  writeManifest,
} from "./extract.testkit.ts";
import { makeExtracts } from "./make-extract.ts";
import { fileNameOf, rowKinds } from "./manifest.ts";
import { publishedExtracts } from "./published.ts";

const folders = testFolders();
let estate: IssuingEstate;
beforeAll(async () => {
  estate = await issuingEstate();
});
afterAll(async () => {
  await estate.end();
  folders.removeAll();
});

const issueDevices = async (count: number) =>
  issuedSerialNumbers(await estate.issue(estate.manufacturer, "device", makeDeviceCsrs(count)));
const issueOrganisation = async () =>
  issuedSerialNumbers(await estate.issue(estate.supplier, "organisation", [makeOrganisationCsr()]));
const revoke = (serialNumber: SerialNumber) =>
  estate.database.transaction((tx) =>
    requestRevocation(tx, estate.supplier, serialNumber, "superseded", estate.clock.read()),
  );
const mark = (serialNumber: SerialNumber) =>
  estate.database.transaction((tx) =>
    markNotInUse(tx, { serialNumber, reason: "never fitted", reportedBy: "test" }, estate.clock.read()),
  );

/** Everything that stands in the database, as rows. */
async function stateOfDatabase() {
  const column = async (query: string) =>
    (await estate.database.read((tx) => sql.raw<{ one: string }>(query).execute(tx))).rows.map(
      ({ one }) => one,
    );
  return {
    certificates: await column(
      "select encode(serial_number, 'hex') as one from certificate where kind <> 'iki' order by 1",
    ),
    revocations: await column("select encode(serial_number, 'hex') as one from revocation order by 1"),
    "not-in-use": await column(
      "select encode(serial_number, 'hex') as one from certificate_not_in_use order by 1",
    ),
  };
}

/** The same, out of extracts. */
function stateIn(places: readonly string[]) {
  const of = (rows: "certificates" | "revocations" | "not-in-use") =>
    places.flatMap((place) => rowsIn(place, rows).map((row) => row.slice(0, 32))).toSorted();
  return { certificates: of("certificates"), revocations: of("revocations"), "not-in-use": of("not-in-use") };
}

const holds = { holds: true, findings: [] };

test("A full extract and the deltas after it are the state, whatever was done in between, and each verifies", async () => {
  const step = fc.constantFrom("devices", "organisation", "revoke", "mark", "sequence", "delta", "full");
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
      const folder = folders.make();
      await estate.database.transaction((tx) => sql`delete from extract`.execute(tx));
      const organisations: SerialNumber[] = [];
      const devices: SerialNumber[] = [];
      const chain: string[] = [];
      const make = async (kind: "full" | "delta") => {
        for (const { manifest } of await makeExtracts(contextOf(estate, folder), kind)) {
          const place = join(folder, manifest.name);
          if (manifest.kind === "full") {
            // The deltas up to here say the same, where there was a full one before.
            if (chain.length > 0) expect(stateIn(chain)).toEqual(stateIn([place]));
            chain.length = 0;
          }
          chain.push(place);
        }
      };
      for (const what of steps) {
        estate.clock.advance(1_000);
        if (what === "devices") devices.push(...(await issueDevices(3)));
        if (what === "organisation") organisations.push(...(await issueOrganisation()));
        const [organisation] = organisations.splice(0, what === "revoke" ? 1 : 0);
        if (organisation !== undefined) await revoke(organisation);
        const [device] = devices.splice(0, what === "mark" ? 1 : 0);
        if (device !== undefined) await mark(device);
        if (what === "sequence") await sequenceNow(estate);
        if (what === "delta" || what === "full") {
          // A day later: what is made has another name.
          estate.clock.advance(86_400_000);
          await make(what);
        }
      }
      await sequenceNow(estate);
      estate.clock.advance(86_400_000);
      await make("delta");
      expect(stateIn(chain)).toEqual(await stateOfDatabase());
      expect(await judge(estate, folders.make(), chain)).toMatchObject(holds);
      const all = (await publishedExtracts(estate.database, folder)).map(({ name }) => join(folder, name));
      for (const place of all) expect(await judge(estate, folders.make(), [place])).toMatchObject(holds);
    }),
    { numRuns: 8 },
  );
}, 240_000);

describe("An extract", () => {
  let folder: string;
  let full: string;
  let delta: string;
  let copy: string;
  beforeAll(async () => {
    folder = folders.make();
    copy = folders.make();
    await estate.database.transaction((tx) => sql`delete from extract`.execute(tx));
    const [first = expect.fail(), second = expect.fail()] = await issueDevices(20);
    const [organisation = expect.fail(), other = expect.fail()] = [
      ...(await issueOrganisation()),
      ...(await issueOrganisation()),
    ];
    await mark(first);
    await revoke(organisation);
    await sequenceNow(estate);
    const [made = expect.fail()] = await makeExtracts(contextOf(estate, folder), "delta");
    full = join(folder, made.manifest.name);
    await issueDevices(20);
    await mark(second);
    await revoke(other);
    await sequenceNow(estate);
    const [next = expect.fail()] = await makeExtracts(contextOf(estate, folder), "delta");
    delta = join(folder, next.manifest.name);
    await sequenceNow(estate);
  }, 60_000);

  /** A copy of an extract that a test may spoil. */
  function another(of: string): string {
    const place = folders.make();
    cpSync(of, place, { recursive: true });
    return place;
  }
  const judged = (...places: string[]) => judge(estate, copy, places);
  const whatOf = async (place: string) => (await judged(place)).findings.map(({ what }) => what);

  test("holds, and so do the two together", async () => {
    expect(manifestIn(full)).toMatchObject({ kind: "full", fromSize: 0 });
    expect(manifestIn(delta)).toMatchObject({ kind: "delta", fromSize: manifestIn(full).size });
    expect(await judged(full, delta)).toMatchObject(holds);
    expect(await judged(delta)).toMatchObject(holds);
  });

  test("names no holder of an IKI credential", () => {
    expect(rowsIn(full, "certificates").filter((row) => row.includes(",iki,"))).toEqual([]);
    expect(rowsIn(full, "certificates").some((row) => row.includes(",authority,CA,"))).toBe(true);
    expect(rowsIn(full, "lists").some((row) => row.startsWith("root-oca,"))).toBe(true);
    expect(rowsIn(full, "lists").some((row) => row.startsWith("iki-issuing,"))).toBe(false);
  });

  test.each(rowKinds)("with a row of %s removed does not hold", async (rows) => {
    for (const of of [full, delta]) {
      if (rowsIn(of, rows).length === 0) continue;
      const place = another(of);
      forgeRows(place, rows, (all) => all.slice(1));
      const [what = expect.fail(), ...others] = await whatOf(place);
      expect(what).toMatch(/is missing$/);
      expect(others).toEqual([]);
    }
  });

  test.each(rowKinds)("with a row of %s twice does not hold", async (rows) => {
    const place = another(full);
    forgeRows(place, rows, ([first = "", ...others]) => [first, first, ...others]);
    expect(await whatOf(place)).toEqual([expect.stringMatching(/is there twice$/)]);
  });

  test.each(["certificates", "revocations", "not-in-use"] as const)(
    "with a row of %s from another day does not hold, either way",
    async (rows) => {
      const [later = expect.fail()] = rowsIn(delta, rows);
      const [earlier = expect.fail()] = rowsIn(full, rows);
      const [one, other] = [another(full), another(delta)];
      forgeRows(one, rows, (all) => [...all, later]);
      forgeRows(other, rows, (all) => [...all, earlier]);
      expect(await whatOf(one)).toEqual([expect.stringMatching(/no such act between the checkpoints$/)]);
      expect(await whatOf(other)).toEqual([expect.stringMatching(/no such act between the checkpoints$/)]);
    },
  );

  test("with any value of a row altered does not hold", async () => {
    for (const rows of rowKinds) {
      const [first = expect.fail()] = rowsIn(full, rows);
      const values = first.split(",");
      for (const column of values.keys()) {
        const place = another(full);
        const altered = values.with(column, differently(values[column] ?? "")).join(",");
        forgeRows(place, rows, ([, ...others]) => [altered, ...others]);
        expect((await judged(place)).holds, `${rows}: ${altered.slice(0, 150)}`).toBe(false);
      }
    }
  });

  test("whose certificate was changed by one bit does not hold", async () => {
    const place = another(full);
    forgeRows(place, "certificates", ([first = "", ...others]) => {
      const values = first.split(",");
      const der = Buffer.from(values[8] ?? "", "base64");
      der.writeUInt8(der.readUInt8(der.length - 1) ^ 1, der.length - 1);
      return [values.with(8, der.toString("base64")).join(","), ...others];
    });
    expect(await whatOf(place)).toEqual([expect.stringMatching(/is not as the ledger has it$/)]);
  });

  test("under an earlier checkpoint, or with another size, does not hold", async () => {
    const [earlier, later] = [manifestIn(full), manifestIn(delta)];
    const name = (of: typeof earlier, size: number) =>
      of.name.replace(/\d{12}$/, String(size).padStart(12, "0"));
    const older = another(delta);
    writeManifest(older, { ...later, checkpoint: earlier.checkpoint });
    expect(await whatOf(older)).toEqual([expect.stringMatching(/^it says \d+ leaves, its checkpoint \d+$/)]);
    const asFull = another(full);
    writeManifest(asFull, {
      ...earlier,
      checkpoint: later.checkpoint,
      size: later.size,
      name: name(earlier, later.size),
    });
    expect((await whatOf(asFull)).filter((what) => what.endsWith("is missing")).length).toBeGreaterThan(20);
    const longer = another(delta);
    writeManifest(longer, { ...later, fromSize: later.fromSize - 1 - 40 });
    expect((await judged(longer)).holds).toBe(false);
    const forged = another(full);
    const checkpoint = earlier.checkpoint.replace(/.(?=.{20}\n$)/, (sign) => (sign === "A" ? "B" : "A"));
    writeManifest(forged, { ...earlier, checkpoint });
    expect(await whatOf(forged)).toEqual([
      expect.stringMatching(/^the manifest's checkpoint cannot be relied on/),
    ]);
  });

  test("whose files are not those of the manifest does not hold", async () => {
    const file = fileNameOf("certificates", 1);
    const [gone, cut, more] = [another(full), another(full), another(full)];
    rmSync(join(gone, file));
    truncateSync(join(cut, file), 500);
    writeFileSync(join(more, "more.csv.zst"), "");
    expect(await whatOf(gone)).toContain(`${file}: it is not there`);
    expect((await judged(cut)).findings[0]).toMatchObject({ kind: "file" });
    expect(await whatOf(more)).toEqual(["more.csv.zst: the manifest does not name it"]);
  });

  test("that does not go on from the one before is told", async () => {
    const [last = expect.fail()] = await makeExtracts(contextOf(estate, folder), "delta");
    await sequenceNow(estate);
    const report = await judged(full, join(folder, last.manifest.name));
    expect(report.findings).toEqual([expect.objectContaining({ kind: "chain" })]);
    expect((await judged(delta, delta)).findings).toEqual([expect.objectContaining({ kind: "chain" })]);
  });

  test("and those of several weeks hold together, full ones and deltas", async () => {
    await makeExtracts(contextOf(estate, folder), "full");
    await sequenceNow(estate);
    const all = (await publishedExtracts(estate.database, folder)).map(({ name }) => join(folder, name));
    expect(all.filter((name) => name.includes("/full-"))).toHaveLength(2);
    expect((await judged(...all)).findings).toEqual([]);
  });
});

/** Another value of the same form, so that it is not refused for its form alone. */
function differently(value: string): string {
  if (/^\d{4}-/.test(value)) return value.replace(/\d(?=Z$)/, (digit) => String((Number(digit) + 1) % 10));
  if (/^[0-9a-f]+$/.test(value)) return value.replace(/.$/, (digit) => (digit === "1" ? "2" : "1"));
  if (value === "DS") return "KA";
  if (value === "KA" || value === "CA") return "DS";
  if (value === "") return "7";
  if (value === "device") return "organisation";
  if (value === "superseded") return "keyCompromise";
  if (value.endsWith("=") || value.length > 60) return `A${value.slice(1)}`;
  return `${value}a`;
}
