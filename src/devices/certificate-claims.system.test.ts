import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eui64 } from "../certificates/index.ts";
import { type TestDatabase, testDatabase } from "../database/testkit.ts";
import { claimCertificates, closeClaims, readClaims } from "./certificate-claims.ts";

let clean: TestDatabase;
beforeAll(async () => {
  clean = await testDatabase();
});
afterAll(async () => clean.drop());

const [meter, hub] = [eui64("00db120000000001"), eui64("00db120000000002")];
const look = () => clean.database.read(readClaims);

describe("claims of certificates for Devices", () => {
  test("are under way until their chunk closes them, one for each certificate", async () => {
    const { newest } = await look();
    await clean.database.transaction((tx) =>
      claimCertificates(tx, new Map([[1, [meter, hub, meter]]]), newest),
    );
    expect([...(await look()).underWay]).toEqual([
      [meter, 2],
      [hub, 1],
    ]);
    await clean.database.transaction((tx) => closeClaims(tx, [1]));
    expect((await look()).underWay.size).toBe(0);
  });

  test("wait for one another, and see what was claimed since the look, open or closed", async () => {
    const { newest } = await look();
    const claimed = Promise.withResolvers<undefined>();
    const goOn = Promise.withResolvers<undefined>();
    const first = clean.database.transaction(async (tx) => {
      await claimCertificates(tx, new Map([[2, [meter]]]), newest);
      claimed.resolve(undefined);
      await goOn.promise;
    });
    await claimed.promise;
    const second = clean.database.transaction((tx) => claimCertificates(tx, new Map([[3, [meter]]]), newest));
    // Only once the second waits for a lock may the first go on: otherwise this could pass without any.
    let waiting = 0;
    for (const end = performance.now() + 10_000; waiting === 0 && performance.now() < end; ) {
      const { rows } = await clean.database.read((tx) =>
        sql<{ waiting: number }>`
          select count(*) as waiting from pg_locks where locktype = 'advisory' and not granted
            and database = (select oid from pg_database where datname = current_database())`.execute(tx),
      );
      waiting = rows[0]?.waiting ?? 0;
    }
    expect(waiting).toBe(1);
    goOn.resolve(undefined);
    await first;
    expect(await second).toEqual(new Map([[meter, 1]]));
    await clean.database.transaction(async (tx) => {
      await closeClaims(tx, [2]);
      await closeClaims(tx, [3]);
    });
    const third = await clean.database.transaction((tx) =>
      claimCertificates(tx, new Map([[4, [hub]]]), newest),
    );
    expect(third).toEqual(new Map([[meter, 2]]));
  });

  test("that were cleared away since an old look send the looker back to look again", async () => {
    const { newest } = await look();
    await clean.database.transaction(async (tx) => {
      for (let chunk = 10; chunk < 13; chunk += 1) {
        await claimCertificates(tx, new Map([[chunk, [meter]]]), newest);
        // As if so many others had come in between.
        await sql`select setval(pg_get_serial_sequence('device_claim', 'id'), (select max(id) from device_claim) + 1000)`.execute(
          tx,
        );
        await closeClaims(tx, [chunk]);
      }
    });
    const { rows } = await clean.database.read((tx) =>
      sql<{ kept: number }>`select count(*) as kept from device_claim`.execute(tx),
    );
    expect(rows[0]?.kept).toBeLessThan(4);
    expect(
      await clean.database.transaction((tx) => claimCertificates(tx, new Map([[14, [meter]]]), newest)),
    ).toBeUndefined();
    const now = await look();
    expect(
      await clean.database.transaction((tx) => claimCertificates(tx, new Map([[15, [meter]]]), now.newest)),
    ).toEqual(new Map());
  });
});
