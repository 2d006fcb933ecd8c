import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isSmkiError } from "../../errors/smki-error.ts";
import { loadSettings } from "../../settings/load.ts";
import type { Settings } from "../../settings/settings.ts";
import { serverAuthorityFile, serverTls } from "../processes/server-certificate.ts";
import { type Estate, openEstate } from "./estate.ts";
import { compareRelease } from "./release-check.ts";

const folder = mkdtempSync(join(tmpdir(), "smki-t-"));
const settingsFor = (name: string, env: Record<string, string> = {}): Settings =>
  loadSettings({ env: { SMKI_ENVIRONMENT: "test", ...env }, overrides: { dataFolder: join(folder, name) } });
const settings = settingsFor("data");
const joinIt = () => openEstate(settings, { applicationName: "test", server: "join" });

const refusalOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "none",
    (error: unknown) => (isSmkiError(error) ? error.code : String(error)),
  );

let estate: Estate;
beforeAll(async () => {
  estate = await openEstate(settings, { applicationName: "test", server: "start" });
});
afterAll(async () => {
  await estate.close();
  rmSync(folder, { recursive: true, force: true });
});

const change = (statement: string) =>
  estate.database.transaction((tx) =>
    sql
      .raw(statement)
      .execute(tx)
      .then(() => undefined),
  );

describe("An estate that is open already", () => {
  test("is joined, and its database is not touched by that", async () => {
    const writes = async () =>
      estate.database.read(async (tx) => {
        const { rows } = await sql<{ xid: string }>`
          select pg_snapshot_xmax(pg_current_snapshot())::text as xid`.execute(tx);
        return rows[0]?.xid;
      });
    const before = await writes();
    const joined = await joinIt();
    expect(joined.connectionString).toBe(estate.connectionString);
    await joined.close();
    // No transaction took a number, so none wrote.
    expect(await writes()).toBe(before);
  });

  test("is not opened a second time by who would start it", async () => {
    const second = openEstate(settings, { applicationName: "test", server: "start" });
    expect(await refusalOf(second)).toBe("DATABASE_FOLDER_IN_USE");
  });

  test("is not migrated by a newer release that joins it, nor used by an older one", async () => {
    await change("create table kept as select * from migration");
    await change("delete from migration where number = (select max(number) from migration)");
    expect(await refusalOf(joinIt())).toBe("ESTATE_OLDER_RELEASE");
    await change("insert into migration select * from kept on conflict do nothing");
    await change("insert into migration (number, name, sha256) values (9999, '9999-later.sql', '\\x00')");
    expect(await refusalOf(joinIt())).toBe("DATABASE_NEWER");
    await change("delete from migration where number = 9999");
    await change("drop table kept");
    await (await joinIt()).close();
  });
});

describe("A database elsewhere", () => {
  const elsewhere = (connectionString: string) =>
    openEstate(settingsFor("elsewhere", { DATABASE_URL: connectionString }), {
      applicationName: "test",
      server: "join",
    });

  test("of an older release is migrated by no verb: its service may be running", async () => {
    const migrations = () =>
      estate.database.read(
        async (tx) => (await sql`select * from migration order by number`.execute(tx)).rows,
      );
    await change("create table kept as select * from migration");
    await change("delete from migration where number = (select max(number) from migration)");
    const before = await migrations();
    expect(await refusalOf(elsewhere(estate.connectionString))).toBe("ESTATE_OLDER_RELEASE");
    expect(await migrations()).toEqual(before);
    await change("insert into migration select * from kept on conflict do nothing");
    await change("drop table kept");
    await (await elsewhere(estate.connectionString)).close();
  });

  test("that is empty is one to found an estate in", async () => {
    const client = new Client({ connectionString: estate.connectionString });
    await client.connect();
    await client.query("create database fresh");
    const fresh = new URL(estate.connectionString);
    fresh.pathname = "/fresh";
    const opened = await elsewhere(fresh.href);
    expect(await compareRelease(opened.database)).toBe("same");
    await opened.close();
    await client.query("drop database fresh");
    await client.end();
  });
});

test("An opening that fails leaves no server behind: the next one finds the folder free", async () => {
  const other = settingsFor("other");
  const first = await openEstate(other, { applicationName: "test", server: "start" });
  await first.close();
  await first.databaseEnded;
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const live: Settings = { ...other, environment: "live" };
    const opened = openEstate(live, { applicationName: "test", server: "start" });
    expect(await refusalOf(opened)).toBe("ESTATE_ENVIRONMENT_MISMATCH");
  }
});

test("A folder that cannot be made is told by its code", async () => {
  writeFileSync(join(folder, "file"), "");
  const opened = openEstate(settingsFor("file/data"), { applicationName: "test", server: "start" });
  expect(await refusalOf(opened)).toBe("DATABASE_FOLDER_NOT_WRITABLE");
});

describe("The self-made server certificate", () => {
  const day = 24 * 60 * 60 * 1000;
  const at = (days: number): Estate => ({
    ...estate,
    clock: () => new Date(Date.UTC(2026, 0, 1) + days * day),
  });

  test("is kept while it is good, and made anew a month before its end", () => {
    const first = serverTls(at(0));
    expect(serverTls(at(300))).toEqual(first);
    const second = serverTls(at(380));
    expect(second.cert).not.toBe(first.cert);
    expect(serverTls(at(380))).toEqual(second);
    expect(readFileSync(serverAuthorityFile(estate.paths.tls), "utf8")).toContain("BEGIN CERTIFICATE");
  });

  test("that was half written is made anew", () => {
    writeFileSync(join(estate.paths.tls, "server.pem"), "-----BEGIN");
    expect(serverTls(at(400)).cert).toContain("END CERTIFICATE");
  });

  test("is not what a certificate that was named and does not fit its key falls back to", () => {
    const named = join(folder, "named");
    mkdirSync(named);
    const [certificateFile, keyFile] = [join(named, "a.pem"), join(named, "a.key")];
    writeFileSync(certificateFile, serverTls(at(400)).cert);
    rmSync(join(estate.paths.tls, "server.key"));
    writeFileSync(keyFile, serverTls(at(400)).key);
    const web = { ...settings.web, tls: { certificateFile, keyFile } };
    const wrong: Estate = { ...at(400), settings: { ...settings, web } };
    expect(() => serverTls(wrong)).toThrow(expect.objectContaining({ code: "TLS_FILES_UNUSABLE" }) as Error);
  });
});
