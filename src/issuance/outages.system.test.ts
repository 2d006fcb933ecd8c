import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { renameSync, rmSync, statfsSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import { afterEach, describe, expect, test } from "vitest";
import { hours } from "../authorities/ceremony/estate.testkit.ts";
import { hierarchyTerms } from "../authorities/ceremony/terms.testkit.ts";
import type { IssuingStep } from "../authorities/issuing/issue.ts";
import { publishDueList } from "../authorities/revocation/publish-list.ts";
import { revokeCertificate } from "../authorities/revocation/revoke.ts";
import { connect } from "../database/connect.ts";
import { type EmbeddedServer, startEmbeddedServer } from "../database/embedded/server.ts";
import { cleanUp, closedFolder, start } from "../database/embedded/testkit.ts";
import { migrate } from "../database/migrate.ts";
import { isSmkiError, SmkiError } from "../errors/smki-error.ts";
import { openSigner } from "../keys/open.ts";
import { useModule } from "../keys/pkcs11/module.ts";
import { makeTokenStore, softHsmModule } from "../keys/testkit/softhsm-store.ts";
import { batchCounter } from "./batches.testkit.ts";
import { heldChunks } from "./held-chunks.ts";
import {
  type IssuingEstate,
  issuedSerialNumbers,
  issuingEstate,
  makeDeviceCsr,
  makeDeviceCsrs,
  makeOrganisationCsr,
  words,
} from "./issuance.testkit.ts";
import { runIssuance } from "./run-issuance.ts";
import { removeStaleUploads } from "./stale-uploads.ts";
import { workChunk } from "./work-chunk.ts";

let estate: IssuingEstate | undefined;
afterEach(async () => {
  await estate?.end().catch(() => undefined);
  estate = undefined;
  await cleanUp();
});

/** An estate on a server of its own, which the test may stop. */
async function estateOn(server: EmbeddedServer): Promise<IssuingEstate> {
  const database = connect(server, { applicationName: "migrate", poolSize: 1 });
  await migrate(database);
  await database.close();
  return issuingEstate({ stockSize: 1, connectionString: server.connectionString });
}

const isReachable = (on: IssuingEstate): Promise<boolean> =>
  on.database.checkHealth().then(
    () => true,
    () => false,
  );

const socketFolderOf = ({ connectionString }: EmbeddedServer): string =>
  new URL(connectionString).searchParams.get("host") ?? expect.fail("no socket");

/** Runs a worker on a batch until it has ended; the codes of what paused it meanwhile. */
async function runUntilFinished(
  on: IssuingEstate,
  batch: number,
  afterStep: (step: IssuingStep) => void | Promise<void>,
  onFailure: () => Promise<void> | undefined,
): Promise<string[]> {
  const stop = new AbortController();
  let remedied: Promise<void> | undefined;
  const codes: string[] = [];
  await runIssuance(on.issuing({ afterStep }), stop.signal, {
    onChunk: (_, result) => {
      if (result === "finished") stop.abort();
    },
    onFailure: (error) => {
      codes.push(isSmkiError(error) ? error.code : String(error));
      remedied ??= onFailure();
    },
  });
  await remedied;
  expect(new Set(words(await on.outcomes(batch)))).toEqual(new Set(["issued"]));
  expect(await on.verify()).toMatchObject({ holds: true, openEntries: 0 });
  return codes;
}

describe("a database that stops in the middle of a chunk", () => {
  test.each(["record", "compare"] as const)(
    "after %s, by kill -9, pauses the worker with a code; when it is back the chunk is finished once",
    async (when) => {
      const folder = join(closedFolder(), "data");
      const server = await start(folder);
      estate = await estateOn(server);
      const batch = await estate.submit(estate.manufacturer, "device", makeDeviceCsrs(5));
      const on = estate;
      let isStopped = false;
      const codes = await runUntilFinished(
        on,
        batch,
        async (step) => {
          if (step !== when || isStopped) return;
          isStopped = true;
          process.kill(server.pid, "SIGKILL");
          // Its children notice that it is gone when they are next asked.
          while (await isReachable(on)) await sleep(10);
        },
        async () => {
          await server.stop();
          // Each start has a socket of its own: the worker finds the new one where the old one was.
          symlinkSync(socketFolderOf(await start(folder)), socketFolderOf(server));
        },
      );
      expect(codes.length).toBeGreaterThan(0);
      for (const code of codes) expect(["DATABASE_UNAVAILABLE", "DATABASE_STOPPING"]).toContain(code);
      const { rows } = await estate.database.read((tx) =>
        sql<{ devices: number; keys: number }>`
          select (select count(*) from certificate where kind = 'device') as devices,
                 (select count(*) from certified_key) as keys`.execute(tx),
      );
      // Three of the keys are those of the credentials.
      expect(rows).toEqual([{ devices: 5, keys: 8 }]);
      await estate.end();
      rmSync(socketFolderOf(server));
    },
  );
});

describe.skipIf(softHsmModule === undefined)("a token [needs softhsm2]", () => {
  test("signs what is issued; one that is missing gives a code, nothing is lost, and it goes on when it is back", async () => {
    const token = await makeTokenStore();
    try {
      estate = await issuingEstate({ stockSize: 1, operationalStore: token.settings });
      const on = estate;
      const first = await on.submit(on.manufacturer, "device", makeDeviceCsrs(2));
      expect(await on.work(first)).toEqual(["finished"]);

      const batch = await on.submit(on.manufacturer, "device", makeDeviceCsrs(3));
      const [chunk = 0] = await on.chunksOf(batch);
      await on.operationalSigner.close();
      // A worker that has lost its token: its step sign fails, and the intent stays recorded.
      await expect(workChunk(on.issuing(), chunk)).rejects.toMatchObject({
        code: expect.stringMatching(/^KEY_/) as string,
      });
      expect(new Set(words(await on.outcomes(batch)))).toEqual(new Set(["undecided"]));
      // One that starts without its token says so.
      renameSync(token.tokens, `${token.tokens}.away`);
      await expect(openSigner(token.settings)).rejects.toMatchObject({
        code: expect.stringMatching(/^KEY_(TOKEN_NOT_FOUND|STORE_UNAVAILABLE|STORE_NOT_FOUND)$/) as string,
        remedy: expect.any(String) as string,
      });
      renameSync(`${token.tokens}.away`, token.tokens);

      const signer = await openSigner(token.settings);
      try {
        expect(await on.work(batch, { signer })).toEqual(["finished"]);
        expect(new Set(words(await on.outcomes(batch)))).toEqual(new Set(["issued"]));
        expect(await on.database.read((tx) => heldChunks(tx))).toEqual([]);
      } finally {
        await signer.close();
      }
    } finally {
      await estate?.end().catch(() => undefined);
      estate = undefined;
      await token.remove();
    }
  });
});

describe.skipIf(softHsmModule === undefined)("a token [needs softhsm2] whose sessions are lost", () => {
  test("between record and sign leaves the chunk recorded; the next signer signs the same octets", async () => {
    const token = await makeTokenStore();
    try {
      estate = await issuingEstate({ stockSize: 1, operationalStore: token.settings });
      const on = estate;
      const batch = await on.submit(on.manufacturer, "device", makeDeviceCsrs(3));
      const [chunk = 0] = await on.chunksOf(batch);
      const { reserved } = await on.authority("issuing-dca/0001");
      const { cryptoki } = await useModule(softHsmModule ?? "");
      const pullOut = (step: IssuingStep) => {
        if (step !== "record") return;
        for (const slot of cryptoki.C_GetSlotList(true)) cryptoki.C_CloseAllSessions(slot);
      };
      await expect(workChunk(on.issuing({ afterStep: pullOut }), chunk)).rejects.toMatchObject({
        code: "KEY_STORE_UNAVAILABLE",
      });
      expect(new Set(words(await on.outcomes(batch)))).toEqual(new Set(["undecided"]));
      await on.operationalSigner.close();
      const signer = await openSigner(token.settings);
      try {
        expect(await on.work(batch, { signer })).toEqual(["finished"]);
        expect(new Set(words(await on.outcomes(batch)))).toEqual(new Set(["issued"]));
        // The intents of before, not new ones.
        expect((await on.authority("issuing-dca/0001")).reserved).toBe(reserved + 3);
      } finally {
        await signer.close();
      }
    } finally {
      await estate?.end().catch(() => undefined);
      estate = undefined;
      await token.remove();
    }
  });
});

describe("a clock that is set back", () => {
  test("below what was signed last stops issuing and lists with a code; nothing is dated wrongly, and all goes on by itself", async () => {
    estate = await issuingEstate({ stockSize: 1 });
    const on = estate;
    const making = {
      database: on.database,
      signer: on.operationalSigner,
      clock: on.clock.read,
      toleranceSeconds: 5,
    };
    const oca = await on.authority("issuing-oca");
    const [serialNumber] = issuedSerialNumbers(
      await on.issue(on.supplier, "organisation", [makeOrganisationCsr()]),
    );
    await on.database.transaction((tx) =>
      revokeCertificate(
        tx,
        { serialNumber: serialNumber ?? expect.fail(), reason: "superseded", requestedBy: "operator:test" },
        on.clock.read(),
      ),
    );
    const right = on.clock.read();
    const received = await on.submit(on.manufacturer, "device", makeDeviceCsrs(2));
    // One more stands recorded already, with the right time.
    const recorded = await on.submit(on.manufacturer, "device", makeDeviceCsrs(2));
    const [chunk = 0] = await on.chunksOf(recorded);
    const stopAfterRecord = (step: IssuingStep) => {
      if (step === "record") throw new SmkiError("DATABASE_UNAVAILABLE");
    };
    await expect(workChunk(on.issuing({ afterStep: stopAfterRecord }), chunk)).rejects.toThrow();

    on.clock.advance(-600_000);
    const wrong = { code: "CLOCK_WENT_BACK" };
    const schedule = hierarchyTerms(1).crlOf("issuing-oca");
    await expect(publishDueList(making, oca, schedule)).rejects.toMatchObject(wrong);
    const stop = new AbortController();
    const codes: string[] = [];
    let finished = 0;
    await runIssuance(on.issuing(), stop.signal, {
      onFailure: (error) => {
        codes.push(isSmkiError(error) ? error.code : String(error));
        expect(finished).toBe(0);
        // Somebody has set it right.
        if (codes.length === 3) on.clock.set(right);
      },
      onChunk: (_, result) => {
        if (result === "finished" && (finished += 1) === 2) stop.abort();
      },
    });
    expect(new Set(codes)).toEqual(new Set(["CLOCK_WENT_BACK"]));
    expect(await publishDueList(making, oca, schedule)).toMatchObject({ entries: 1 });
    for (const batch of [received, recorded])
      expect(new Set(words(await on.outcomes(batch)))).toEqual(new Set(["issued"]));
    const { rows } = await on.database.read((tx) =>
      sql<{ early: number }>`
        select count(*) as early from certificate
        where kind = 'device' and (lodged_at < ${right} or not_before < date_trunc('second', ${right}::timestamptz))`.execute(
        tx,
      ),
    );
    expect(rows).toEqual([{ early: 0 }]);
    expect(await on.verify()).toMatchObject({ holds: true, openEntries: 0 });
  });
});

describe.skipIf(process.getuid?.() !== 0)("a full disk [needs root and mount]", () => {
  test("under the database refuses the step as a whole; when there is room the batch is finished once", async (context) => {
    const folder = closedFolder();
    const options = ["-t", "tmpfs", "-o", "size=300m,mode=0700", "tmpfs", folder];
    if (spawnSync("mount", options).status !== 0) context.skip("mount is not allowed here");
    let server: EmbeddedServer | undefined;
    try {
      server = await startEmbeddedServer({ dataFolder: join(folder, "data") });
      const on = await estateOn(server);
      estate = on;
      // Uncompressible and large enough that a table must grow: what is left is less.
      const ballast = join(folder, "ballast");
      const { bavail, bsize } = statfsSync(folder);
      const batch = await on.submit(on.manufacturer, "device", makeDeviceCsrs(900));
      writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - 512 * 1024)));
      const codes = await runUntilFinished(
        on,
        batch,
        () => undefined,
        () => {
          rmSync(ballast);
          return undefined;
        },
      );
      expect(codes[0]).toBe("DATABASE_DISK_FULL");

      // An upload: refused as a whole, and taken when there is room, without what came before it.
      const counter = batchCounter(on);
      const csrs = [...Array.from({ length: 3_000 }, () => randomBytes(600)), makeDeviceCsr()];
      const left = statfsSync(folder);
      writeFileSync(ballast, Buffer.alloc(Math.max(0, left.bavail * left.bsize - 512 * 1024)));
      const batches = await counter.count("request_batch");
      await expect(counter.upload(csrs)).rejects.toMatchObject({ code: "DATABASE_DISK_FULL" });
      rmSync(ballast);
      on.clock.advance(hours);
      await removeStaleUploads(on.database, on.clock.read());
      expect(await counter.count("request_batch")).toBe(batches);
      const uploaded = await counter.upload(csrs);
      expect(await counter.parse(uploaded)).toBe("released");
      expect(await on.work(uploaded)).toEqual(Array(4).fill("finished"));
      expect(words(await on.outcomes(uploaded)).filter((word) => word === "issued")).toHaveLength(1);
    } finally {
      await estate?.end().catch(() => undefined);
      estate = undefined;
      await server?.stop();
      spawnSync("umount", ["-l", folder]);
    }
  });
});
