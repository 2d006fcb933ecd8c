import {
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { markNotInUse } from "../../authorities/revocation/revoke.ts";
import {
  type IssuingEstate,
  issuedSerialNumbers,
  issuingEstate,
  makeDeviceCsrs,
} from "../../issuance/issuance.testkit.ts";
import { contextOf, judge, sequenceNow, testFolders } from "./extract.testkit.ts";
import { markRemoved } from "./extract-store.ts";
import {
  type ExtractContext,
  type ExtractStep,
  makeExtracts,
  unfinishedKind,
  type WrittenExtract,
} from "./make-extract.ts";
import { publishedExtracts, removeOutdated } from "./published.ts";
import { type ExtractTask, runExtractProcess } from "./testkit/extract-task.ts";

const folders = testFolders();
const partSize = 16;
let estate: IssuingEstate;
let folder: string;
let copy: string;

beforeAll(async () => {
  estate = await issuingEstate();
  folder = folders.make();
  copy = folders.make();
  await doSomething(30);
  await makeExtracts({ ...contextOf(estate, folder), partSize }, "full");
  await doSomething(20);
}, 60_000);
afterAll(async () => {
  await estate.end();
  folders.removeAll();
});

/** Another day, on which certificates are issued and one is marked. */
async function doSomething(devices: number): Promise<void> {
  estate.clock.advance(86_400_000);
  const [serialNumber = expect.fail()] = issuedSerialNumbers(
    await estate.issue(estate.manufacturer, "device", makeDeviceCsrs(devices)),
  );
  await estate.database.transaction((tx) =>
    markNotInUse(tx, { serialNumber, reason: "never fitted", reportedBy: "test" }, estate.clock.read()),
  );
  await sequenceNow(estate);
}

/** Lets a process begin and be killed. @returns the signal that ended it */
const killed = (kind: ExtractTask["kind"], killAfter: ExtractTask["killAfter"]) =>
  runExtractProcess({
    connectionString: estate.connectionString,
    folder,
    now: estate.clock.read().toISOString(),
    kind,
    partSize,
    killAfter,
  });

async function goOn(kind: ExtractTask["kind"]) {
  const written: WrittenExtract[] = [];
  const onWritten = (one: WrittenExtract) => written.push(one);
  const made = await makeExtracts({ ...contextOf(estate, folder), partSize, onWritten }, kind);
  return { made: made.map(({ manifest }) => manifest), written };
}

/** What was written down when the process ended; undefined for nothing. */
function journalNow(): { name: string; checkpoint: string; files: { name: string }[] } | undefined {
  const file = join(folder, "making.json");
  return existsSync(file)
    ? (JSON.parse(readFileSync(file, "utf8")) as ReturnType<typeof journalNow>)
    : undefined;
}

/** Which file each part is, and when it was written: another one under the same name differs. */
function partsIn(place: string): ReadonlyMap<string, string> {
  const identify = (name: string) => {
    const { ino, mtimeMs } = statSync(join(place, name));
    return `${String(ino)} ${String(mtimeMs)}`;
  };
  return new Map(readdirSync(place).map((name) => [name, identify(name)]));
}

/** The newest extracts hold, with what leads to them; nothing lies there that is not published. */
async function allHolds(): Promise<void> {
  await sequenceNow(estate);
  const published = await publishedExtracts(estate.database, folder);
  const names = published.map(({ name }) => name);
  expect(readdirSync(folder).toSorted()).toEqual(names.toSorted());
  for (const kind of ["full", "delta"] as const) {
    const ofKind = published.filter((one) => one.kind === kind).slice(kind === "full" ? -1 : -2);
    const places = ofKind.map(({ name }) => join(folder, name));
    expect(await judge(estate, copy, places)).toMatchObject({ holds: true, findings: [] });
  }
}

/** Which time that a step is done: a full extract comes with a delta before it, whose steps are passed over. */
function timesOf(kind: ExtractTask["kind"], step: ExtractStep): number {
  const isPart = step.startsWith("part ");
  // The delta has the parts of acts, however many, and the lists.
  if (kind === "delta") return isPart ? 2 : 1;
  return isPart ? 12 : 2;
}

describe.each(["delta", "full"] as const)("A %s extract whose process is killed", (kind) => {
  test.each(["begun", "part written", "part recorded", "placed"] as const)(
    "after the step '%s' is gone on with, under its checkpoint",
    async (step) => {
      const before = await publishedExtracts(estate.database, folder);
      expect(await killed(kind, { step, times: timesOf(kind, step) })).toBe("SIGKILL");
      const there = await publishedExtracts(estate.database, folder);
      expect(there.length - before.length).toBe(kind === "full" ? 1 : 0);
      expect(await unfinishedKind(folder)).toBe(kind);
      const journal = journalNow() ?? expect.fail();
      if (step.startsWith("part ")) expect(journal.files.length).toBeGreaterThan(1);
      const parts = partsIn(join(folder, step === "placed" ? journal.name : "making"));
      // What is done meanwhile is not in it.
      await doSomething(12);
      const { made, written } = await goOn(kind);
      expect(made).toMatchObject([{ kind, name: journal.name, checkpoint: journal.checkpoint }]);
      expect(written).toMatchObject([{ resumed: true }]);
      const after = partsIn(join(folder, journal.name));
      for (const { name } of journal.files) expect(after.get(name)).toBe(parts.get(name));
      await allHolds();
    },
  );

  test.each(["published", "ended"] as const)(
    "after the step '%s' is there, and not made again",
    async (step) => {
      const before = await publishedExtracts(estate.database, folder);
      expect(await killed(kind, { step, times: timesOf(kind, step) })).toBe("SIGKILL");
      const there = await publishedExtracts(estate.database, folder);
      expect(there.length - before.length).toBe(kind === "full" ? 2 : 1);
      await doSomething(12);
      const { made, written } = await goOn("delta");
      expect(made).toMatchObject([{ kind: "delta", fromSize: there.at(-1)?.size }]);
      expect(written).toMatchObject([{ resumed: false }]);
      await allHolds();
    },
  );
});

test("One that is killed at any moment, again and again, is whole at the end", async () => {
  for (const milliseconds of [2, 8, 20]) await killed("full", { milliseconds });
  await goOn("full");
  await allHolds();
});

describe("An extract in whose making", () => {
  /** Some parts are recorded, and then `disturb`. @returns what came of it */
  async function disturbed(
    disturb: () => Promise<unknown> | undefined,
    stop?: AbortSignal,
  ): Promise<unknown> {
    await doSomething(20);
    let seen = 0;
    let under: Promise<unknown> | undefined;
    const context: ExtractContext = {
      ...contextOf(estate, folder),
      partSize: 4,
      ...(stop === undefined ? {} : { stop }),
      afterStep: (step) => {
        if (step === "part recorded") seen += 1;
        if (seen === 2) under ??= disturb();
      },
    };
    const failure = await makeExtracts(context, "full").catch((error: unknown) => error);
    await under;
    return failure;
  }
  const endBackends = (condition: string) =>
    estate.database.read((tx) =>
      sql
        .raw(
          `select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and ${condition}`,
        )
        .execute(tx),
    );
  async function goesOn() {
    const { made, written } = await goOn("full");
    expect(made.map(({ kind }) => kind)).toEqual(["delta", "full"]);
    expect(written).toMatchObject([{ resumed: true }, { resumed: false }]);
    await allHolds();
  }

  test("the database is lost is gone on with", async () => {
    const ours = "datname = current_database() and state <> 'idle'";
    const failure = await disturbed(() => endBackends(ours));
    expect(failure).toMatchObject({ code: "DATABASE_UNAVAILABLE" });
    await goesOn();
  });
  test("the election is lost stops, since another process may go on with it", async () => {
    const holders = "pid in (select pid from pg_locks where locktype = 'advisory' and granted)";
    const failure = await disturbed(() => endBackends(`datname = current_database() and ${holders}`));
    expect(failure).toMatchObject({ code: "DATABASE_UNAVAILABLE" });
    await goesOn();
  });
  test("the service is stopped is gone on with when it is started again", async () => {
    const stopping = new AbortController();
    const failure = await disturbed(() => {
      stopping.abort();
      return undefined;
    }, stopping.signal);
    expect(failure).toMatchObject({ name: "AbortError" });
    await goesOn();
  });
});

describe("An interrupted extract is begun again", () => {
  /** Killed when some parts were recorded, and then `spoil`. */
  async function begunAgain(spoil: (journal: NonNullable<ReturnType<typeof journalNow>>) => void) {
    await doSomething(20);
    expect(await killed("delta", { step: "part recorded", times: 2 })).toBe("SIGKILL");
    const journal = journalNow() ?? expect.fail();
    spoil(journal);
    const { made, written } = await goOn("delta");
    expect(made).toHaveLength(1);
    expect(written).toMatchObject([{ resumed: false }]);
    await allHolds();
  }
  const rewrite = (journal: object) => {
    writeFileSync(join(folder, "making.json"), JSON.stringify(journal));
  };

  test("where a part of it is cut short, or gone", async () => {
    await begunAgain(({ files }) => {
      truncateSync(join(folder, "making", files[0]?.name ?? ""), 10);
    });
    await begunAgain(({ files }) => {
      rmSync(join(folder, "making", files[0]?.name ?? ""));
    });
  });
  test("where its checkpoint is of a history that a restore has lost", async () => {
    await begunAgain((journal) => {
      const [origin = "", size = "", root = "", ...rest] = journal.checkpoint.split("\n");
      const other = `${root.startsWith("A") ? "B" : "A"}${root.slice(1)}`;
      rewrite({ ...journal, checkpoint: [origin, size, other, ...rest].join("\n") });
    });
  });
  test("where nobody can read how far it had come", async () => {
    await begunAgain((journal) => {
      rewrite({ ...journal, next: { rows: "../elsewhere" } });
    });
  });
});

test("Files of an extract that is kept no longer are deleted by the next run, where a crash left them", async () => {
  const { made } = await goOn("full");
  const oldest = (await publishedExtracts(estate.database, folder))[0] ?? expect.fail();
  await estate.database.transaction((tx) => markRemoved(tx, [oldest.name], estate.clock.read()));
  expect(existsSync(join(folder, oldest.name))).toBe(true);
  await removeOutdated(estate.database, folder, estate.clock.read, 100);
  expect(existsSync(join(folder, oldest.name))).toBe(false);
  expect(existsSync(join(folder, made[0]?.name ?? ""))).toBe(true);
  await allHolds();
});
