import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { rules } from "../../authorities/ceremony/terms.testkit.ts";
import {
  type IssuingEstate,
  issuedSerialNumbers,
  issuingEstate,
  makeDeviceCsrs,
} from "../../issuance/issuance.testkit.ts";
import { archiveFolder, recordsName } from "./archive-file.ts";
import { checkArchives } from "./check-archives.ts";
import {
  destroyArchive,
  type RetentionContext,
  type RetentionStep,
  retentionStatus,
  retentionSteps,
  runRetention,
} from "./retention.ts";

let estate: IssuingEstate;
let context: RetentionContext;
let csrs: Buffer[] = [];
let serials: string[] = [];
beforeEach(async () => {
  estate = await issuingEstate({ at: new Date("2026-06-15T12:00:00Z"), released: 3 });
  const { database, clock } = estate;
  context = { database, clock: clock.read, rules, folder: join(estate.folder, "archive"), by: "system" };
  csrs = makeDeviceCsrs(6);
  serials = issuedSerialNumbers(await estate.issue(estate.manufacturer, "device", csrs));
});
afterEach(() => estate.end());

const onLine = async () => {
  const { rows } = await estate.database.read((tx) =>
    sql<{ octets: number; archived: number }>`
      select (select coalesce(sum(octet_length(to_be_signed)), 0) from issuing_intent)
           + (select coalesce(sum(octet_length(requests)), 0) from request_chunk) as octets,
        (select count(*) from issuing_intent where archive_id is not null)
           + (select count(*) from request_chunk where archive_id is not null) as archived`.execute(tx),
  );
  return { octets: Number(rows[0]?.octets), archived: rows[0]?.archived };
};
const recordsIn = (id: number) =>
  zstdDecompressSync(readFileSync(join(archiveFolder(context.folder, id), recordsName)))
    .toString()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { kind: string; requests?: string[]; toBeSigned?: string[] });

describe("records are on line for 12 months", () => {
  test("and for as long nothing is archived, to the last day", async () => {
    estate.clock.set(new Date("2027-06-30T23:59:59Z"));
    expect(await runRetention(context)).toBeUndefined();
    expect(existsSync(context.folder)).toBe(false);
    expect((await onLine()).archived).toBe(0);
  });

  test("then whole months are archived: what was asked and what was to be signed, octet for octet", async () => {
    estate.clock.set(new Date("2027-07-01T00:00:00Z"));
    const archive = await runRetention(context);
    expect(archive).toMatchObject({ id: 1, finishedBefore: new Date("2026-07-01T00:00:00Z") });
    expect(await onLine()).toEqual({ octets: 0, archived: (archive?.intents ?? 0) + (archive?.chunks ?? 0) });
    const records = recordsIn(1);
    const archived = (name: "requests" | "toBeSigned") => records.flatMap((record) => record[name] ?? []);
    expect(archived("requests")).toEqual(expect.arrayContaining(csrs.map((csr) => csr.toString("base64"))));
    const toBeSigned = archived("toBeSigned").map((octets) => Buffer.from(octets, "base64"));
    for (const serial of serials)
      expect(toBeSigned.some((octets) => octets.includes(Buffer.from(serial, "hex")))).toBe(true);
    expect(await checkArchives(context)).toEqual([]);
    expect(await runRetention(context)).toBeUndefined();
  });

  test("what is not finished stays, however old; certificates and outcomes stay for ever", async () => {
    const open = await estate.submit(estate.manufacturer, "device", makeDeviceCsrs(1));
    estate.clock.set(new Date("2027-08-01T00:00:00Z"));
    await runRetention(context);
    expect((await onLine()).octets).toBeGreaterThan(0);
    expect(await estate.work(open)).toEqual(["finished"]);
    for (const serial of serials)
      expect((await estate.certificate(serial as never)).serialNumber).toBe(serial);
    const again = await estate.issue(estate.manufacturer, "device", csrs.slice(0, 1));
    expect(again[0]).toMatchObject({ status: "refused", code: "KEY_ALREADY_CERTIFIED" });
    expect(await estate.verify()).toMatchObject({ holds: true, findingCount: 0 });
    const [act] = await estate.actsOf("records.archived");
    const [archive] = await retentionStatus(context);
    expect(act?.subject).toMatchObject({ archive: 1, digest: archive?.digest });
  });
});

describe.each(retentionSteps)("a run that stops after %s", (step) => {
  test("has archived all or nothing, and the next one does the rest", async () => {
    estate.clock.set(new Date("2027-07-01T00:00:00Z"));
    const { octets } = await onLine();
    const stop = (done: RetentionStep) => {
      if (done === step) throw new Error("the lights went out");
    };
    await expect(runRetention({ ...context, afterStep: stop })).rejects.toThrow("the lights went out");
    const isDone = step === "committed";
    expect(await onLine()).toMatchObject({ octets: isDone ? 0 : octets });
    expect((await runRetention(context))?.id).toBe(isDone ? undefined : 1);
    expect((await onLine()).octets).toBe(0);
    expect(readdirSync(context.folder)).toEqual(["000001"]);
    expect(await checkArchives(context)).toEqual([]);
    expect(await estate.actsOf("records.archived")).toHaveLength(1);
    expect(await estate.verify()).toMatchObject({ holds: true });
  });
});

test("an archive that the database does not know, as after a restore, is kept beside one of its number", async () => {
  const place = archiveFolder(context.folder, 1);
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, recordsName), "of the time that was lost");
  estate.clock.set(new Date("2027-07-01T00:00:00Z"));
  expect((await runRetention(context))?.id).toBe(1);
  const [, unknown = ""] = readdirSync(context.folder).toSorted();
  expect(unknown).toMatch(/^000001\.unknown-/);
  expect(readFileSync(join(context.folder, unknown, recordsName), "utf8")).toBe("of the time that was lost");
});

describe("an archive is kept for 7 years", () => {
  beforeEach(async () => {
    estate.clock.set(new Date("2027-07-01T00:00:00Z"));
    await runRetention(context);
  });

  test("before that nobody destroys it; after that a person does, and the ledger says so", async () => {
    estate.clock.set(new Date("2034-06-30T23:59:59Z"));
    expect(await retentionStatus(context)).toMatchObject([{ state: "kept" }]);
    await expect(destroyArchive(context, 1)).rejects.toMatchObject({ code: "ARCHIVE_NOT_DUE" });
    estate.clock.set(new Date("2034-07-01T00:00:00Z"));
    expect(await retentionStatus(context)).toMatchObject([{ state: "due for destruction" }]);
    // The job alone destroys nothing.
    await runRetention(context);
    expect(existsSync(archiveFolder(context.folder, 1))).toBe(true);
    // The estate has recorded nothing for seven years: a clock that is set on by mistake looks the same.
    await expect(destroyArchive(context, 1)).rejects.toMatchObject({ code: "ARCHIVE_CLOCK_DOUBTFUL" });
    await estate.submit(estate.manufacturer, "device", makeDeviceCsrs(1));
    await estate.verify();
    await destroyArchive({ ...context, by: "operator:test" }, 1);
    expect(existsSync(archiveFolder(context.folder, 1))).toBe(false);
    // What a crash left of its files goes with the next run.
    mkdirSync(archiveFolder(context.folder, 1));
    await runRetention(context);
    expect(existsSync(archiveFolder(context.folder, 1))).toBe(false);
    const [act] = await estate.actsOf("archive.destroyed");
    expect(act).toMatchObject({ by: "operator:test", subject: { archive: 1 } });
    await expect(destroyArchive(context, 1)).rejects.toMatchObject({ code: "ARCHIVE_NOT_FOUND" });
    expect(await checkArchives(context)).toEqual([]);
    expect(await estate.verify()).toMatchObject({ holds: true });
  });

  test("one that was altered, or lost, is found out by its digest", async () => {
    const file = join(archiveFolder(context.folder, 1), recordsName);
    const octets = readFileSync(file);
    octets[octets.length - 1] = (octets.at(-1) ?? 0) ^ 1;
    writeFileSync(file, octets);
    expect(await checkArchives(context)).toEqual([{ archive: 1, what: "its file is missing or damaged" }]);
  });

  test.each([
    ["digest = sha256('x')", "the database has another digest than the ledger"],
    [
      "destroyed_at = now(), destroyed_by = 'nobody'",
      "the database says that it was destroyed, and no act does",
    ],
    ["id = 2", "no act says that it was made"],
  ])("a row with %s is found out by the ledger", async (change, what) => {
    await estate.database.transaction(async (tx) => {
      await sql`set local session_replication_role = replica`.execute(tx);
      await sql`update archive set ${sql.raw(change)}`.execute(tx);
    });
    const findings = await checkArchives(context);
    expect(findings.map((finding) => finding.what)).toContain(what);
    await runRetention(context);
    expect(existsSync(join(archiveFolder(context.folder, 1), recordsName))).toBe(true);
  });
});
