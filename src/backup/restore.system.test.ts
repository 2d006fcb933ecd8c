import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hours, seconds } from "../authorities/ceremony/estate.testkit.ts";
import { hierarchyTerms } from "../authorities/ceremony/terms.testkit.ts";
import { certificateDigests } from "../authorities/certificate-rows.ts";
import type { IssuingStep } from "../authorities/issuing/issue.ts";
import { numberFloors } from "../authorities/restoration.ts";
import { publishListIfDue } from "../authorities/revocation/publish-list.ts";
import { revokeCertificate } from "../authorities/revocation/revoke.ts";
import { parseCrl, readCrlFields, type SerialNumber } from "../certificates/index.ts";
import { connect, type Database } from "../database/connect.ts";
import { SmkiError } from "../errors/smki-error.ts";
import {
  issuedSerialNumbers,
  makeDeviceCsr,
  makeDeviceCsrs,
  makeOrganisationCsr,
} from "../issuance/issuance.testkit.ts";
import { receive } from "../issuance/receive.ts";
import { workChunk } from "../issuance/work-chunk.ts";
import { openSigner } from "../keys/open.ts";
import type { Signer } from "../keys/signer.ts";
import { type CheckpointSigner, openCheckpointSigner } from "../ledger/checkpoint-signer.ts";
import { copyLedger } from "../ledger/copy/copy-ledger.ts";
import { databaseResources } from "../ledger/copy/resources.ts";
import { findLedgerKey } from "../ledger/ledger-key.ts";
import { formatVerifierKey, parseVerifierKey } from "../ledger/note.ts";
import { sequenceOnce } from "../ledger/sequencer.ts";
import { verifyLedger } from "../ledger/verify-ledger.ts";
import { type BackedUpEstate, backedUpEstate } from "./backup.testkit.ts";
import { checkBackup } from "./check-backup.ts";
import { estateFiles } from "./estate-files.ts";
import type { Restored } from "./restore-order.ts";

const schedule = hierarchyTerms(3).crlOf("issuing-oca");

let estate: BackedUpEstate;
/** The checkpoint of before the back-up, and the newest one, kept outside. */
let early = "";
let earliest = "";
let last = "";
/** Acknowledged before the back-up was taken, and after it. */
let before: SerialNumber[] = [];
let after: SerialNumber[] = [];
let revoked: SerialNumber;
/** The highest number of a CRL, and of a batch, that was given out before the disk died. */
let highestCrl = 0;
let highestBatch = 0;
let kept = 0;

const publishCrl = async (database: Database, signer: Signer) => {
  const authority = await estate.authority("issuing-oca");
  const time = { clock: estate.clock.read, toleranceSeconds: 5 };
  return database.transaction((tx) => publishListIfDue(tx, signer, authority, schedule, time));
};
const stopAtRecord = (step: IssuingStep) => {
  if (step === "record") throw new SmkiError("DATABASE_UNAVAILABLE");
};
const openIntents = async (connectionString: string) => {
  const database = connect({ connectionString }, { applicationName: "test", poolSize: 1 });
  const { rows } = await database.read((tx) =>
    sql<{ open: number }>`select count(*) as open from issuing_intent where published_at is null`.execute(tx),
  );
  await database.close();
  return rows[0]?.open;
};
const inDatabase = async (connectionString: string, statement: string) => {
  const database = connect({ connectionString }, { applicationName: "test", poolSize: 1 });
  await database.transaction((tx) => sql.raw(statement).execute(tx)).finally(() => database.close());
};
const sequence = () =>
  sequenceOnce({ database: estate.database, signer: estate.ledger, clock: estate.clock.read });

beforeAll(async () => {
  estate = await backedUpEstate();
  const issue = async (count: number) =>
    issuedSerialNumbers(await estate.issue(estate.manufacturer, "device", makeDeviceCsrs(count)));
  earliest = (await estate.ledger.lastCheckpoint()).note;
  before = await issue(5);
  const [organisation] = issuedSerialNumbers(
    await estate.issue(estate.supplier, "organisation", [makeOrganisationCsr()]),
  );
  revoked = organisation as SerialNumber;
  before.push(revoked);
  await sequence();
  early = (await estate.ledger.lastCheckpoint()).note;
  // One batch is received and not worked on, and its acts have no leaf yet: so it was when the back-up began.
  const waiting = await estate.submit(estate.manufacturer, "device", makeDeviceCsrs(2));
  // Another one stands recorded to be signed, under serial numbers that are chosen.
  const recorded = await estate.submit(estate.manufacturer, "device", makeDeviceCsrs(2));
  await expect(estate.work(recorded, { afterStep: stopAtRecord })).rejects.toThrow();
  kept = (await estate.backup("monday")).manifest.ledger.size;

  estate.clock.advance(600 * seconds);
  for (const batch of [waiting, recorded]) await estate.work(batch);
  const given = await Promise.all([waiting, recorded].map((batch) => estate.outcomes(batch)));
  after = [...given.flatMap(issuedSerialNumbers), ...(await issue(4))];
  await estate.database.transaction((tx) =>
    revokeCertificate(
      tx,
      { serialNumber: revoked, reason: "keyCompromise", requestedBy: "operator:test" },
      estate.clock.read(),
    ),
  );
  for (let round = 0; round < 3; round += 1) {
    highestCrl = (await publishCrl(estate.database, estate.operationalSigner))?.number ?? highestCrl;
    estate.clock.advance(13 * hours);
  }
  highestBatch = await estate.submit(estate.manufacturer, "device", makeDeviceCsrs(1));
  await estate.work(highestBatch);
  after.push(...issuedSerialNumbers(await estate.outcomes(highestBatch)));
  await sequence();
  last = (await estate.ledger.lastCheckpoint()).note;
  const verifierKey = formatVerifierKey(estate.ledger.verifier);
  await copyLedger({
    folder: join(estate.place, "copy"),
    resources: databaseResources(estate.database, verifierKey, 0),
    verifierKey,
  });
  expect(highestCrl).toBeGreaterThan(3);
});
afterAll(() => estate.end());

const sizeOf = (note: string) => Number(note.split("\n")[1]);
const refusal = { code: "RESTORE_LOSES_ACTS" };

describe("a back-up that may lack acts is not restored by mistake", () => {
  test("with nothing known from outside, nobody can tell", async () => {
    await expect(estate.restore("refused", "monday")).rejects.toMatchObject(refusal);
    const withinIt = { checkpoints: [early], nothingLost: false };
    // A checkpoint within the back-up says nothing of later acts.
    await expect(estate.restore("refused", "monday", { outside: withinIt })).rejects.toMatchObject(refusal);
  });

  test("with a later checkpoint, the lost leaves are named", async () => {
    const outside = { signerCheckpoint: last, checkpoints: [], nothingLost: false };
    await expect(estate.restore("refused", "monday", { outside })).rejects.toMatchObject({
      ...refusal,
      details: { from: kept, to: sizeOf(last) - 1 },
    });
    const contradicted = { checkpoints: [last], nothingLost: true };
    await expect(estate.restore("refused", "monday", { outside: contradicted })).rejects.toMatchObject({
      code: "RESTORE_CONTRADICTED",
    });
  });

  test("a checkpoint that is not the signer's last proves nothing, and is not taken for it", async () => {
    const notLast = { code: "RESTORE_CHECKPOINT_NOT_LAST" };
    // Copied before the back-up, which holds a later one; or another one that is known is later.
    for (const [signerCheckpoint, checkpoints] of [
      [earliest, []],
      [early, [last]],
    ] as const) {
      const outside = { signerCheckpoint, checkpoints, nothingLost: false };
      await expect(estate.restore("refused", "monday", { outside })).rejects.toMatchObject(notLast);
    }
  });

  test("and nothing is made where it is refused", () => {
    expect(readdirSync(estate.place).filter((name) => name.startsWith("refused"))).toEqual([]);
  });

  test("a copy of the ledger in which one octet was changed names nothing", async () => {
    const bundle = join(estate.place, "copy", "tile/entries", `000.p/${String(sizeOf(last))}`);
    const octets = readFileSync(bundle);
    const altered = Buffer.from(octets);
    altered[altered.length - 20] = (altered[altered.length - 20] ?? 0) ^ 1;
    writeFileSync(bundle, altered);
    const outside = { checkpoints: [], copy: join(estate.place, "copy"), nothingLost: false };
    await expect(estate.restore("refused", "monday", { outside, acceptLoss: true })).rejects.toMatchObject({
      code: "RESTORE_COPY_DAMAGED",
    });
    writeFileSync(bundle, octets);
  });

  test("nor one for which the disk is too small, which is known before anything is made", async () => {
    const free = () => Promise.resolve(1_000);
    await expect(estate.restore("refused", "monday", { free, acceptLoss: true })).rejects.toMatchObject({
      code: "RESTORE_SPACE_MISSING",
    });
    expect(readdirSync(estate.place).filter((name) => name.startsWith("refused"))).toEqual([]);
  });

  test("nor is one restored whose clock stands before what is known", async () => {
    const clock = () => new Date("2026-06-01T11:00:00Z");
    await expect(estate.restore("refused", "monday", { clock, acceptLoss: true })).rejects.toMatchObject({
      code: "RESTORE_CLOCK_BEHIND",
    });
  });
});

describe("an estate restored with acts lost", () => {
  let restored: Restored;
  let database: Database;
  let signer: Signer;
  let ledger: CheckpointSigner;
  beforeAll(async () => {
    restored = await estate.restore("tuesday", "monday", {
      outside: {
        signerCheckpoint: last,
        checkpoints: [early],
        copy: join(estate.place, "copy"),
        nothingLost: false,
      },
      acceptLoss: true,
    });
    database = await estate.open("tuesday");
    const files = estateFiles(join(estate.place, "tuesday"));
    const store = estate.keyStores.operational;
    signer = await openSigner(
      store.kind === "pkcs11" ? store : { ...store, file: join(files.data, "keys", "operational.keys") },
    );
    const verifier = parseVerifierKey(readFileSync(files.ledgerVerifierKey, "utf8"));
    ledger = await openCheckpointSigner({
      signer,
      keyLabel: await findLedgerKey(signer, verifier),
      origin: verifier.name,
      storePath: files.lastCheckpoint,
    });
  });
  afterAll(() => signer.close());

  const held = async () => {
    const { rows } = await database.read((tx) =>
      sql<{ serial: SerialNumber }>`select encode(serial_number, 'hex') as serial from certificate`.execute(
        tx,
      ),
    );
    return rows.map(({ serial }) => serial);
  };
  const verify = (outside: string[] = []) => {
    const files = estateFiles(join(estate.place, "tuesday"));
    return verifyLedger(database, {
      verifierKey: readFileSync(files.ledgerVerifierKey, "utf8"),
      formerLedgers: readFileSync(files.formerLedgerKeys, "utf8"),
      certificates: certificateDigests,
      knownCheckpoints: [readFileSync(files.lastCheckpoint, "utf8"), ...outside],
    });
  };

  test("has every certificate that was acknowledged before the back-up, and none of later", async () => {
    const serials = await held();
    expect(serials).toEqual(expect.arrayContaining(before));
    expect(serials.filter((serial) => after.includes(serial))).toEqual([]);
    expect(restored.report).toMatchObject({ holds: true, findingCount: 0 });
  });

  test("names each lost act: certificates and revocations by their serial numbers", () => {
    const lost = restored.ledger.lostActs ?? [];
    const serialsOf = (kind: string) =>
      lost.filter((act) => act.kind === kind).map(({ serialNumber }) => serialNumber);
    expect(serialsOf("certificate.issued").toSorted()).toEqual([...after].toSorted());
    expect(serialsOf("certificate.revoked")).toEqual([revoked]);
    expect(lost.map(({ leaf }) => leaf)).toEqual(expect.arrayContaining([sizeOf(last) - 1]));
    // The batch that waited is in the back-up with its act, which only had no leaf yet: it is not lost.
    const received = lost.filter(({ kind }) => kind === "requests.received");
    expect(received).toHaveLength(2);
    expect(readFileSync(join(estate.place, "tuesday", "lost-acts.txt"), "utf8")).toContain(after[0]);
  });

  test("has a ledger under another origin, which goes on from all that was kept", async () => {
    const { origin } = restored.ledger;
    expect(origin).toMatch(/^smki\.example\/test\/restored-[0-9a-f]{8}$/);
    const round = await sequenceOnce({ database, signer: ledger, clock: estate.clock.read });
    expect(round?.checkpoint.note.startsWith(`${origin}\n`)).toBe(true);
    expect(round?.checkpoint.size).toBeGreaterThan(kept);
    // The older part verifies under the old key, the newer under the new one.
    expect(await verify([early])).toMatchObject({ holds: true, openEntries: 0 });
    const withLost = await verify([last]);
    expect(withLost.holds).toBe(false);
    expect(withLost.findings[0]?.what).toContain("of leaves that a restore lost");
  });

  test("publishes its CRL at once, under a number above any that was published, with what was revoked", async () => {
    const list = await publishCrl(database, signer);
    expect(list?.number).toBeGreaterThan(highestCrl);
    const entries = readCrlFields(parseCrl(list?.list ?? Buffer.alloc(0))).revoked;
    expect(entries.map(({ serialNumber }) => serialNumber)).toEqual([revoked]);
    expect(restored.ledger.notRedone).toEqual([]);
    expect(await publishCrl(database, signer)).toBeUndefined();
  });

  test("issues on: what waited, and what comes; no serial number and no batch number twice", async () => {
    const issuing = estate.issuing({ database, signer });
    const batch = await database.transaction((tx) =>
      receive(
        tx,
        estate.manufacturer,
        { kind: "device", reference: "after", requests: [makeDeviceCsr()] },
        100,
        estate.clock.read(),
      ),
    );
    expect(batch).toBeGreaterThan(highestBatch);
    const { rows } = await database.read((tx) =>
      sql<{ id: number }>`select id from request_chunk where state <> 'finished' order by id`.execute(tx),
    );
    expect(rows).toHaveLength(3);
    for (const { id } of rows) expect(await workChunk(issuing, id)).toBe("finished");
    const serials = await held();
    expect(new Set([...serials, ...after]).size).toBe(serials.length + after.length);
    await sequenceOnce({ database, signer: ledger, clock: estate.clock.read });
    expect(await verify([early])).toMatchObject({ holds: true });
  });

  test("keeps numbers of CAs free that ceremonies after the back-up may have given out", async () => {
    expect(await database.read(numberFloors)).toEqual({ issuingDcaFloor: 6, replacementFloor: 10 });
  });

  test("is backed up and restored again; a checkpoint of the ledger before tells nothing of its end", async () => {
    await sequenceOnce({ database, signer: ledger, clock: estate.clock.read });
    const connectionString = estate.connectionOf("tuesday");
    const files = estateFiles(join(estate.place, "tuesday"));
    const keyStores = estate.storesAt("tuesday");
    await estate.backup("of-restored", { database, connectionString, files, keyStores });
    const outside = { signerCheckpoint: early, checkpoints: [], nothingLost: false };
    await expect(estate.restore("refused", "of-restored", { outside })).rejects.toMatchObject({
      code: "RESTORE_CHECKPOINT_NOT_LAST",
    });
    const signerCheckpoint = readFileSync(files.lastCheckpoint, "utf8");
    const databaseUrl = await estate.emptyDatabase();
    const again = await estate.restore("again", "of-restored", {
      outside: { ...outside, signerCheckpoint },
      databaseUrl,
    });
    expect(again).toMatchObject({ ledger: { isSuccessor: false }, report: { holds: true } });
  });

  test("is not restored over", async () => {
    await expect(estate.restore("tuesday", "monday", { acceptLoss: true })).rejects.toMatchObject({
      code: "RESTORE_TARGET_NOT_EMPTY",
    });
  });
});

describe("an estate restored with nothing lost", () => {
  test("goes on with the same ledger, from the checkpoint that its signer signed last; externally too", async () => {
    const recorded = await estate.submit(estate.manufacturer, "device", makeDeviceCsrs(1));
    await expect(estate.work(recorded, { afterStep: stopAtRecord })).rejects.toThrow();
    // Somebody keeps a table of their own in the same schema.
    await inDatabase(estate.connectionString, "create table theirs (id bigint generated always as identity)");
    await estate.backup("wednesday");
    const databaseUrl = await estate.emptyDatabase();
    // A hosted PostgreSQL comes with extensions, whose views and functions are nobody's content.
    await inDatabase(databaseUrl, "create extension pg_stat_statements");
    const outside = { signerCheckpoint: last, checkpoints: [early], nothingLost: false };
    const restored = await estate.restore("thursday", "wednesday", { outside, databaseUrl });
    expect(restored).toMatchObject({ ledger: { isSuccessor: false }, report: { holds: true } });
    // It may have been signed and given out before its acts had a leaf: its serial number is not used again.
    expect(await openIntents(databaseUrl)).toBe(0);
    const { lastCheckpoint } = estateFiles(join(estate.place, "thursday"));
    expect(readFileSync(lastCheckpoint, "utf8")).toBe(last);
    // A database that has tables is never written into.
    await expect(estate.restore("friday", "wednesday", { outside, databaseUrl })).rejects.toMatchObject({
      code: "RESTORE_TARGET_NOT_EMPTY",
    });
  });

  test.each([
    "create function helper() returns integer language sql as 'select 1'",
    "create sequence helper",
    "create type helper as enum ('a')",
    "create view helper as select 1",
  ])("a database in which somebody has done %j is neither restored into nor emptied", async (statement) => {
    const databaseUrl = await estate.emptyDatabase();
    await inDatabase(databaseUrl, statement);
    const outside = { signerCheckpoint: last, checkpoints: [], nothingLost: false };
    await expect(estate.restore("friday", "wednesday", { outside, databaseUrl })).rejects.toMatchObject({
      code: "RESTORE_TARGET_NOT_EMPTY",
    });
    await expect(inDatabase(databaseUrl, statement)).rejects.toMatchObject({ code: "DATABASE_FAILED" });
  });

  test("a checkpoint of another history refuses it, signed by the right key or not", async () => {
    const outside = {
      signerCheckpoint: last.replace(/\n(\d+)\n/, "\n1\n"),
      checkpoints: [],
      nothingLost: false,
    };
    await expect(estate.restore("friday", "wednesday", { outside })).rejects.toMatchObject({
      code: "LEDGER_NOTE_UNVERIFIED",
    });
  });
});

describe("a damaged back-up", () => {
  const damage = (file: string, change: (octets: Buffer) => Buffer) => {
    const path = join(estate.place, "monday", file);
    const octets = readFileSync(path);
    writeFileSync(path, change(Buffer.from(octets)));
    return () => {
      writeFileSync(path, octets);
    };
  };
  test.each(["tables/certificate.copy.zst", "keys/operational.keys", "files/ledger-verifier-key.txt"])(
    "is found out by one octet of %s, and restores nothing",
    async (file) => {
      const undo = damage(file, (octets) => {
        const middle = Math.floor(octets.length / 2);
        octets[middle] = (octets[middle] ?? 0) ^ 0x10;
        return octets;
      });
      await expect(checkBackup(join(estate.place, "monday"))).rejects.toMatchObject({
        code: "BACKUP_DAMAGED",
      });
      await expect(estate.restore("damaged", "monday", { acceptLoss: true })).rejects.toMatchObject({
        code: "BACKUP_DAMAGED",
      });
      undo();
    },
  );
  test("that lacks a table restores nothing", async () => {
    const undo = damage("manifest.json", (octets) => {
      const manifest = JSON.parse(octets.toString()) as { tables: { name: string }[] };
      const tables = manifest.tables.filter(({ name }) => name !== "revocation");
      return Buffer.from(JSON.stringify({ ...manifest, tables }));
    });
    await expect(estate.restore("damaged", "monday", { acceptLoss: true })).rejects.toMatchObject({
      code: "BACKUP_DAMAGED",
      details: { table: "revocation" },
    });
    undo();
  });

  test("is found out by a row too few", async () => {
    const undo = damage("manifest.json", (octets) =>
      Buffer.from(octets.toString().replace(/("name": "certificate",[^}]*"rows": )(\d+)/s, "$199")),
    );
    await expect(checkBackup(join(estate.place, "monday"))).rejects.toMatchObject({ code: "BACKUP_DAMAGED" });
    undo();
    expect((await checkBackup(join(estate.place, "monday"))).manifest.ledger.size).toBe(kept);
  });
});
