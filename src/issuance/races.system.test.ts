import type { KyselyPlugin } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { withdrawIntents } from "../authorities/issuing/withdraw.ts";
import { connect, type Database } from "../database/connect.ts";
import { SmkiError } from "../errors/smki-error.ts";
import { recordActs } from "../ledger/record-acts.ts";
import { expectCertifiedOnce } from "./certified-once.testkit.ts";
import {
  type IssuingEstate,
  issuedSerialNumbers,
  issuingEstate,
  makeDeviceCsr,
  makeDeviceCsrs,
  words,
} from "./issuance.testkit.ts";
import { runIssuance } from "./run-issuance.ts";
import { workChunk } from "./work-chunk.ts";

let estate: IssuingEstate;
beforeAll(async () => {
  estate = await issuingEstate();
});
afterAll(() => estate.end());

describe("workers that come to the same chunks at the same moment", () => {
  test("share them by their claims: each chunk is begun once, and none is left", async () => {
    const workers = Array.from({ length: 4 }, (_, index) =>
      connect(estate, { applicationName: `worker ${String(index)}`, poolSize: 4 }),
    );
    const stop = new AbortController();
    const batches: number[] = [];
    let finished = 0;
    const begun: string[] = [];
    const failures: unknown[] = [];
    // All of them look at an empty queue first; the notification of a commit wakes them together.
    const working = workers.map((database) =>
      runIssuance(
        estate.issuing({
          database,
          afterStep: (step) => {
            begun.push(step);
          },
        }),
        stop.signal,
        {
          onChunk: () => {
            finished += 1;
          },
          onFailure: (error) => failures.push(error),
        },
      ),
    );
    for (let round = 0; round < 12; round += 1) {
      batches.push(await estate.submit(estate.manufacturer, "device", makeDeviceCsrs(2)));
      await expect.poll(() => finished, { timeout: 20_000 }).toBeGreaterThan(round);
    }
    stop.abort();
    await Promise.all(working);
    await Promise.all(workers.map((database) => database.close()));
    expect(failures).toEqual([]);
    // Looked at twice it may be, by one whose list was old; prepared and recorded it is once.
    for (const step of ["intend", "record"])
      expect(begun.filter((reached) => reached === step)).toHaveLength(batches.length);
    for (const batch of batches) expect(words(await estate.outcomes(batch))).toEqual(["issued", "issued"]);
    await expectCertifiedOnce(estate);
  });
});

describe("two chunks with the same key", () => {
  test("at the same moment: one has the certificate, the other is told its serial number", async () => {
    for (let round = 0; round < 10; round += 1) {
      const csr = makeDeviceCsr();
      const batches = await Promise.all(
        [0, 1, 2].map(() => estate.submit(estate.manufacturer, "device", [csr, makeDeviceCsr()])),
      );
      await Promise.all(batches.map((batch) => estate.work(batch)));
      const outcomes = (await Promise.all(batches.map((batch) => estate.outcomes(batch)))).map(
        ([first]) => first,
      );
      const [serialNumber] = issuedSerialNumbers(outcomes.map((outcome) => outcome ?? null));
      expect(words(outcomes.map((outcome) => outcome ?? null)).toSorted()).toEqual([
        "KEY_ALREADY_CERTIFIED",
        "KEY_ALREADY_CERTIFIED",
        "issued",
      ]);
      for (const outcome of outcomes)
        if (outcome?.status === "refused") expect(JSON.stringify(outcome)).toContain(serialNumber);
    }
    await expectCertifiedOnce(estate);
  });

  test("of which one gives its claim back while the other looks who has it: the other is planned again", async () => {
    const csr = makeDeviceCsr();
    const first = await estate.submit(estate.manufacturer, "device", [csr]);
    const [chunk = 0] = await estate.chunksOf(first);
    const stopAfterRecord = (step: string) => {
      if (step === "record") throw new SmkiError("DATABASE_UNAVAILABLE");
    };
    await expect(workChunk(estate.issuing({ afterStep: stopAfterRecord }), chunk)).rejects.toThrow();

    const second = await estate.submit(estate.manufacturer, "device", [csr, makeDeviceCsr()]);
    let withdrawals = 0;
    const database = betweenClaimAndLook(estate.database, async () => {
      if ((withdrawals += 1) > 1) return;
      // As the revocation of a CA withdraws what stands recorded under it.
      await estate.database.transaction(async (tx) =>
        recordActs(tx, await withdrawIntents(tx, "issuing-dca/0001", estate.clock.read())),
      );
    });
    expect(await estate.work(second, { database })).toEqual(["finished"]);
    expect(withdrawals).toBe(2);
    expect(words(await estate.outcomes(second))).toEqual(["issued", "issued"]);
    expect(await estate.work(first)).toEqual(["finished"]);
    expect(words(await estate.outcomes(first))).toEqual(["KEY_ALREADY_CERTIFIED"]);
    await expectCertifiedOnce(estate);
  });
});

/** A database that does something else as soon as a transaction has claimed its keys. */
function betweenClaimAndLook(real: Database, meanwhile: () => Promise<void>): Database {
  const claims = new WeakSet();
  const plugin: KyselyPlugin = {
    transformQuery: ({ node, queryId }) => {
      if (JSON.stringify(node).includes("insert into certified_key")) claims.add(queryId);
      return node;
    },
    transformResult: async ({ result, queryId }) => {
      if (claims.has(queryId)) await meanwhile();
      return result;
    },
  };
  return {
    ...real,
    transaction: (work, options) => real.transaction((tx) => work(tx.withPlugin(plugin)), options),
  };
}
