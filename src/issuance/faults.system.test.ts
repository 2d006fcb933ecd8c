import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seconds } from "../authorities/ceremony/estate.testkit.ts";
import { findCertificates } from "../authorities/certificates.ts";
import type { IssuingAuthority, IssuingStep } from "../authorities/issuing/issue.ts";
import type { SerialNumber } from "../certificates/index.ts";
import type { Signer } from "../keys/signer.ts";
import { signerWithout } from "../keys/testkit/faulty-signer.ts";
import { findBatch } from "./deliver.ts";
import { heldChunks, resumeAll, resumeChunk } from "./held-chunks.ts";
import {
  type IssuingEstate,
  issuedSerialNumbers,
  issuingEstate,
  makeDeviceCsrs,
  makeOrganisationCsr,
  operator,
  words,
} from "./issuance.testkit.ts";
import { runIssuance } from "./run-issuance.ts";

let estate: IssuingEstate;
beforeAll(async () => {
  estate = await issuingEstate();
});
afterAll(() => estate.end());

/** The estate's own signer, whose answers are altered on their way: a module that is broken, or not ours. */
function altering(
  signMany: (real: Signer, label: string, messages: readonly Uint8Array[]) => Promise<Buffer[]>,
): Signer {
  return new Proxy(estate.operationalSigner, {
    get(real, name) {
      if (name === "signMany")
        return (label: string, messages: readonly Uint8Array[]) => signMany(real, label, messages);
      const value: unknown = Reflect.get(real, name);
      return typeof value === "function" ? (value.bind(real) as unknown) : value;
    },
  });
}

const brokenSigners = {
  "signs with another CA's key": [
    (real, _, messages) => real.signMany("issuing-oca", messages),
    "OWN_SIGNATURE_INVALID",
  ],
  "signs other octets": [
    (real, label, messages) =>
      real.signMany(
        label,
        messages.map((message) => Buffer.concat([message, Buffer.of(0)])),
      ),
    "OWN_SIGNATURE_INVALID",
  ],
  "answers in another order": [
    async (real, label, messages) => (await real.signMany(label, messages)).toReversed(),
    "OWN_SIGNATURE_INVALID",
  ],
  "answers too few": [
    async (real, label, messages) => (await real.signMany(label, messages)).slice(1),
    "SIGNED_OTHER_THAN_INTENDED",
  ],
  "answers what is no signature": [
    (_, __, messages) => Promise.resolve(messages.map(() => Buffer.from("signed, honestly"))),
    "SIGNATURE_ENCODING_INVALID",
  ],
} satisfies Record<
  string,
  readonly [(real: Signer, label: string, messages: readonly Uint8Array[]) => Promise<Buffer[]>, string]
>;

describe.each(Object.entries(brokenSigners))("a key store that %s", (_, [signMany, code]) => {
  test("has its chunk held: nothing is published, the ledger says why, and it goes on once it is put right", async () => {
    const before = (await estate.actsOf("chunk.held")).length;
    const batch = await estate.submit(estate.manufacturer, "device", makeDeviceCsrs(3));
    const [chunk = 0] = await estate.chunksOf(batch);
    expect(await estate.work(batch, { signer: altering(signMany) })).toEqual(["held"]);
    expect(words(await estate.outcomes(batch))).toEqual(["undecided", "undecided", "undecided"]);
    expect((await estate.database.read((tx) => findBatch(tx, operator, batch))).status).toBe("held");
    expect((await estate.actsOf("chunk.held")).slice(before)).toMatchObject([{ subject: { chunk, code } }]);
    for (const serialNumber of await intended(chunk))
      expect(await estate.database.read((tx) => findCertificates(tx, { serialNumber, limit: 1 }))).toEqual(
        [],
      );
    // Held means held: no worker takes it up by itself.
    expect(await estate.work(batch)).toEqual(["held"]);

    expect(await estate.database.read((tx) => heldChunks(tx))).toEqual([{ id: chunk, batchId: batch }]);
    const resume = (by: Parameters<typeof resumeChunk>[1]) =>
      estate.database.transaction((tx) => resumeChunk(tx, by, chunk, estate.clock.read()));
    await expect(resume(estate.manufacturer)).rejects.toMatchObject({ code: "NOT_PERMITTED" });
    await resume(operator);
    await expect(resume(operator)).rejects.toMatchObject({ code: "CHUNK_NOT_HELD" });
    expect(await estate.work(batch)).toEqual(["finished"]);
    const outcomes = await estate.outcomes(batch);
    expect(issuedSerialNumbers(outcomes)).toEqual(await intended(chunk));
    expect(await estate.verify()).toMatchObject({ holds: true, openEntries: 0 });
  });
});

test("all that are held go on together, each by an act of its own; for the operator only", async () => {
  const signer = altering(brokenSigners["answers too few"][0]);
  const batches: number[] = [];
  for (let index = 0; index < 2; index += 1)
    batches.push(await estate.submit(estate.manufacturer, "device", makeDeviceCsrs(1)));
  for (const batch of batches) expect(await estate.work(batch, { signer })).toEqual(["held"]);
  const resume = (by: Parameters<typeof resumeAll>[1]) =>
    estate.database.transaction((tx) => resumeAll(tx, by, estate.clock.read()));
  await expect(resume(estate.manufacturer)).rejects.toMatchObject({ code: "NOT_PERMITTED" });
  const chunks = (await Promise.all(batches.map((batch) => estate.chunksOf(batch)))).flat();
  expect(await resume(operator)).toEqual(chunks);
  expect(await resume(operator)).toEqual([]);
  for (const batch of batches) expect(await estate.work(batch)).toEqual(["finished"]);
  const acts = (await estate.actsOf("chunk.resumed")).slice(-2);
  expect(acts.map(({ subject }) => subject["chunk"])).toEqual(chunks);
});

/** The serial numbers that stand recorded for a chunk, in order. */
async function intended(chunk: number): Promise<SerialNumber[]> {
  const { rows } = await estate.database.read((tx) =>
    sql<{ serial: SerialNumber }>`
      select encode(key.serial_number, 'hex') as serial
      from issuing_intent intent, certified_key key
      where intent.chunk_id = ${chunk} and position(key.serial_number in intent.to_be_signed) > 0
      order by position(key.serial_number in intent.to_be_signed)`.execute(tx),
  );
  return rows.map(({ serial }) => serial);
}

/** Runs a worker until every batch has ended, and tells which chunk came in which order. */
async function runUntilEnded(
  batches: readonly number[],
  events: { onFailure?: (error: unknown) => void } = {},
  changes: Partial<IssuingAuthority> = {},
): Promise<number[]> {
  const stop = new AbortController();
  const order: number[] = [];
  const open = new Set((await Promise.all(batches.map((batch) => estate.chunksOf(batch)))).flat());
  const running = runIssuance(estate.issuing(changes), stop.signal, {
    ...events,
    onChunk: (chunk, result) => {
      if (result === "waiting") return;
      order.push(chunk);
      open.delete(chunk);
      if (open.size === 0) stop.abort();
    },
  });
  await running;
  return order;
}

describe("one chunk that cannot be worked on", () => {
  test("is held, and the others go on: a Party that is gone, a row that is damaged", async () => {
    const gone = await estate.submit(estate.manufacturer, "device", makeDeviceCsrs(1));
    const damaged = await estate.submit(estate.manufacturer, "device", makeDeviceCsrs(1));
    const good = await estate.submit(estate.manufacturer, "device", makeDeviceCsrs(1));
    await estate.database.transaction(async (tx) => {
      await sql`update request_batch set party_id = 9999 where id = ${gone}`.execute(tx);
      await sql`update request_chunk set requests = '\\xffffff' where batch_id = ${damaged}`.execute(tx);
    });
    const failures: unknown[] = [];
    await runUntilEnded([gone, damaged, good], { onFailure: (error) => failures.push(error) });
    expect(words(await estate.outcomes(good))).toEqual(["issued"]);
    expect(failures).toHaveLength(2);
    const held = (await estate.actsOf("chunk.held")).slice(-2).map(({ subject }) => subject["code"]);
    expect(held.toSorted()).toEqual(["DATABASE_ROW_DAMAGED", "PARTY_NOT_FOUND"]);
  });
});

describe("a CA whose key is not in the key store", () => {
  const missing = "issuing-dca/0001";
  const statesOf = async (batches: readonly number[]) => {
    const { rows } = await estate.database.read((tx) =>
      sql<{
        state: string;
      }>`select state from request_chunk where batch_id = any (${batches}) order by id`.execute(tx),
    );
    return rows.map(({ state }) => state);
  };

  test("has its chunks wait, and others go on; nothing more is recorded under it until the key is back", async () => {
    const signer = signerWithout(estate.operationalSigner, missing);
    const recorded = await estate.submit(estate.manufacturer, "device", makeDeviceCsrs(2));
    const [chunk = 0] = await estate.chunksOf(recorded);
    // The key goes away between record and sign.
    const { findKey } = estate.operationalSigner;
    const leaving = new Proxy(signer, {
      get: (target, name) =>
        name === "findKey" ? findKey.bind(estate.operationalSigner) : (Reflect.get(target, name) as unknown),
    });
    expect(await estate.work(recorded, { signer: leaving })).toEqual(["without-key"]);
    const received = await estate.submit(estate.manufacturer, "device", makeDeviceCsrs(2));
    const organisations: number[] = [];
    for (let index = 0; index < 4; index += 1)
      organisations.push(await estate.submit(estate.supplier, "organisation", [makeOrganisationCsr()]));

    const failures: unknown[] = [];
    const stop = new AbortController();
    const results = new Map<number, string[]>();
    let finished = 0;
    await runIssuance(estate.issuing({ signer }), stop.signal, {
      onFailure: (error) => failures.push(error),
      onChunk: (id, result) => {
        results.set(id, [...(results.get(id) ?? []), result]);
        if (result === "finished" && (finished += 1) === organisations.length) stop.abort();
      },
    });
    expect(await statesOf([recorded, received, ...organisations])).toEqual([
      "recorded",
      "received",
      ...organisations.map(() => "finished"),
    ]);
    for (const failure of failures)
      expect(failure).toMatchObject({ code: "KEY_NOT_FOUND", details: { label: missing } });
    // Once at the most in each lane: it is set aside, and its worker never pauses.
    expect(results.get(chunk)?.length ?? 0).toBeLessThanOrEqual(2);
    await runUntilEnded([recorded, received]);
    expect(await statesOf([recorded, received])).toEqual(["finished", "finished"]);
    expect(await estate.verify()).toMatchObject({ holds: true, openEntries: 0 });
  });
});

describe("a worker", () => {
  test("takes a single CSR before the batches that came earlier, since someone waits", async () => {
    const batches: number[] = [];
    for (let index = 0; index < 6; index += 1)
      batches.push(await estate.submit(estate.manufacturer, "device", makeDeviceCsrs(60)));
    const single = await estate.submit(estate.manufacturer, "device", makeDeviceCsrs(1));
    const order = await runUntilEnded([...batches, single]);
    const [chunk = 0] = await estate.chunksOf(single);
    // At the latest after the two chunks of the two lanes.
    expect(order.indexOf(chunk)).toBeLessThan(2);
  });

  test("that is told to stop finishes what it has begun and leaves the rest as it stands", async () => {
    const batches: number[] = [];
    for (let index = 0; index < 5; index += 1)
      batches.push(await estate.submit(estate.manufacturer, "device", makeDeviceCsrs(20)));
    const stop = new AbortController();
    const begun = new Set<number>();
    const finished = new Set<number>();
    await runIssuance(
      estate.issuing({
        afterStep: (step) => {
          if (step === "record") stop.abort();
        },
      }),
      stop.signal,
      { onChunk: (chunk, result) => (result === "finished" ? finished : begun).add(chunk) },
    );
    expect([...begun]).toEqual([]);
    expect(finished.size).toBeGreaterThan(0);
    expect(finished.size).toBeLessThan(3);
    const ended = await Promise.all(
      batches.map(async (batch) => {
        const [chunk = 0] = await estate.chunksOf(batch);
        const [outcome] = words(await estate.outcomes(batch));
        return [finished.has(chunk), outcome];
      }),
    );
    for (const [isFinished, outcome] of ended) expect(outcome).toBe(isFinished ? "issued" : "undecided");
    await runUntilEnded(batches.filter((_, index) => ended[index]?.[0] === false));
  });

  test("that loses its locks with their connection goes on with a new one, and issues nothing twice", async () => {
    const batches: number[] = [];
    for (let index = 0; index < 4; index += 1)
      batches.push(await estate.submit(estate.manufacturer, "device", makeDeviceCsrs(40)));
    const cut = () =>
      estate.database.read((tx) =>
        sql`select pg_terminate_backend(pid) from pg_stat_activity
            where application_name = 'test lock' and datname = current_database()`.execute(tx),
      );
    const failures: unknown[] = [];
    let cuts = 0;
    const afterStep = async (step: IssuingStep) => {
      // Both lanes have recorded, and go on without a lock while a new session claims what is open.
      if (step !== "record" || (cuts += 1) > 2) return;
      await cut();
    };
    await runUntilEnded(batches, { onFailure: (error) => failures.push(error) }, { afterStep });
    expect(failures.length).toBeGreaterThan(0);
    for (const batch of batches)
      expect(new Set(words(await estate.outcomes(batch)))).toEqual(new Set(["issued"]));
    for (const failure of failures)
      expect(failure).toMatchObject({
        code: expect.stringMatching(/^(DATABASE_|CHUNK_TAKEN_OVER)/) as string,
      });
    estate.clock.advance(seconds);
    expect(await estate.verify()).toMatchObject({ holds: true, openEntries: 0 });
  });
});

test("Device CSRs that wait for an Issuing DCA, however many, keep no other kind from its turn", async () => {
  const waiting = await issuingEstate({ stockSize: 1, released: 0 });
  try {
    for (let index = 0; index < 70; index += 1)
      await waiting.submit(waiting.manufacturer, "device", [
        Buffer.from(String(index)),
        ...makeDeviceCsrs(1),
      ]);
    const organisation = await waiting.submit(waiting.supplier, "organisation", [makeOrganisationCsr()]);
    const [chunk = 0] = await waiting.chunksOf(organisation);
    const stop = new AbortController();
    const looks: string[] = [];
    await runIssuance(waiting.issuing(), stop.signal, {
      onChunk: (id, result) => {
        looks.push(result);
        if (id === chunk) stop.abort();
      },
    });
    expect(words(await waiting.outcomes(organisation))).toEqual(["issued"]);
    // Those that wait are not checked over and over: one look of each lane shows that the rest would wait too.
    expect(looks.filter((result) => result === "waiting").length).toBeLessThan(6);
  } finally {
    await waiting.end();
  }
});
