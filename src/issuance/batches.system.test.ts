import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hours } from "../authorities/ceremony/estate.testkit.ts";
import type { Database } from "../database/connect.ts";
import { localOperator } from "../registration/principal.ts";
import { type Edition, rulebookFor } from "../rulebook/index.ts";
import { localTime, nextDay } from "../time/local-time.ts";
import { approveBatch, rejectBatch } from "./approve-batch.ts";
import { batchResults } from "./batch-results.ts";
import { pollBatch, recordDelivery, unreleasedBatches, waitingBatches } from "./batch-status.ts";
import { type BatchCounter, batchCounter, batchTerms, byPerson, named } from "./batches.testkit.ts";
import {
  type IssuingEstate,
  issuingEstate,
  makeDeviceCsr,
  makeDeviceCsrs,
  makeKey,
  operator,
} from "./issuance.testkit.ts";
import { responseTimes } from "./response-times.ts";
import { SentTimes } from "./sent-times.ts";
import { removeStaleUploads } from "./stale-uploads.ts";
import { beginUpload, receiveUpload } from "./upload.ts";
import { workChunk } from "./work-chunk.ts";

let estate: IssuingEstate;
let batches: BatchCounter;
beforeAll(async () => {
  estate = await issuingEstate({ released: 3 });
  batches = batchCounter(estate);
});
afterAll(() => estate.end());

const transaction = <Result>(...of: Parameters<IssuingEstate["database"]["transaction"]>) =>
  estate.database.transaction(of[0]) as Promise<Result>;
const unknown = expect.objectContaining({ code: "BATCH_NOT_FOUND" }) as Error;

describe("a Batched CSR", () => {
  test("comes in parts, is checked, issued, and answered under the client's IDs in their order", async () => {
    const csrs = [...makeDeviceCsrs(1_001), Buffer.from("no CSR"), makeDeviceCsr()];
    const batch = await batches.upload(csrs);
    expect(await batches.standing(batch)).toMatchObject({ status: "parsing", requestCount: 1_003 });
    expect(await batches.parse(batch)).toBe("released");
    expect(await batches.standing(batch)).toMatchObject({ status: "queued" });
    const [first = 0, second = 0] = await estate.chunksOf(batch);
    await workChunk(estate.issuing(), first);
    expect(await batches.standing(batch)).toMatchObject({ status: "processing" });
    await workChunk(estate.issuing(), second);
    expect(await batches.standing(batch)).toMatchObject({ status: "completed" });

    const results = await batches.results(batch);
    expect(results.map(({ clientId }) => clientId)).toEqual(named(csrs).map(({ clientId }) => clientId));
    expect(results[1_001]).toEqual({
      clientId: "ID1001",
      outcome: expect.objectContaining({ status: "refused", code: "CSR_MALFORMED" }) as object,
    });
    for (const { outcome, certificate } of results)
      if (outcome.status === "issued")
        expect((await estate.certificate(outcome.serialNumber)).certificate).toEqual(certificate);
    expect(results.filter(({ certificate }) => certificate !== undefined)).toHaveLength(1_002);
  });

  test("has each of its steps in the ledger, receipt with the digest of what came in", async () => {
    const batch = await batches.upload(makeDeviceCsrs(2));
    await batches.parse(batch);
    const acts = (await estate.acts()).filter(({ subject }) => subject["batch"] === batch);
    expect(acts.map(({ kind, by }) => [kind, by])).toEqual([
      ["requests.received", estate.manufacturer.name],
      ["requests.approved", "system"],
      ["requests.released", "system"],
    ]);
    expect(acts[0]?.subject).toEqual({
      batch,
      channel: "batched",
      kind: "device",
      party: estate.parties.manufacturer,
      count: 2,
      requests: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
    expect(acts[1]?.subject).toEqual({ batch, rule: "batchApproval" });
    expect(await estate.verify()).toMatchObject({ holds: true });
  });

  test("of nothing, or of one more than the rule allows, leaves nothing behind", async () => {
    const before = [await batches.count("request_batch"), await batches.count("request_chunk")];
    await expect(batches.upload([])).rejects.toMatchObject({ code: "BATCH_EMPTY" });
    const csr = Buffer.from("not looked at yet");
    const csrs = Array.from({ length: batchTerms.maximumBatchSize + 1 }, () => csr);
    await expect(batches.upload(csrs)).rejects.toMatchObject({ code: "BATCH_TOO_LARGE" });
    expect([await batches.count("request_batch"), await batches.count("request_chunk")]).toEqual(before);
    expect(await batches.upload(csrs.slice(1))).toBeGreaterThan(0);
  });

  test("whose upload breaks off is removed, whatever broke it", async () => {
    const before = await batches.count("request_chunk");
    function* broken() {
      yield* named(makeDeviceCsrs(1_500));
      throw new Error("the client is gone");
    }
    const order = { channel: "batched", reference: "b" } as const;
    await expect(receiveUpload(batches.desk, estate.manufacturer, order, broken())).rejects.toThrow(
      "is gone",
    );
    expect(await batches.count("request_chunk")).toBe(before);
  });

  test("is nobody's to see before it is whole; left alone for too long, it is removed and its sender told", async () => {
    const upload = beginUpload(batches.desk, estate.manufacturer, { channel: "batched", reference: "slow" });
    const csrs = named(makeDeviceCsrs(2_001));
    for (const csr of csrs.slice(0, 1_000)) await upload.add(csr);
    const { rows } = await estate.database.read((tx) =>
      sql<{ id: number }>`select id from request_batch where stage = 'uploading'`.execute(tx),
    );
    const id = rows[0]?.id ?? 0;
    await expect(batches.standing(id)).rejects.toEqual(unknown);
    const now = () => estate.clock.read();
    estate.clock.advance(hours);
    expect(await removeStaleUploads(estate.database, new Date(now().getTime() - 2 * hours))).toEqual([]);
    expect(await removeStaleUploads(estate.database, now())).toEqual([id]);
    await expect(
      (async () => {
        for (const csr of csrs.slice(1_000)) await upload.add(csr);
      })(),
    ).rejects.toMatchObject({ code: "UPLOAD_LOST" });
    await expect(upload.complete()).rejects.toMatchObject({ code: "UPLOAD_LOST" });
    expect(await estate.actsOf("requests.received")).not.toContainEqual(
      expect.objectContaining({ subject: expect.objectContaining({ batch: id }) as object }),
    );
  });

  test("of another Party gets the same answer as one that does not exist, and an operator sees it", async () => {
    const batch = await batches.upload(makeDeviceCsrs(1));
    const other = { ...estate.manufacturer, partyId: estate.parties.supplier } as typeof estate.manufacturer;
    const told = await batches.standing(batch, other).catch((error: unknown) => error);
    const nothing = await batches.standing(batch + 1_000_000, other).catch((error: unknown) => error);
    expect(told).toMatchObject({ code: "BATCH_NOT_FOUND", details: { batch } });
    expect(nothing).toMatchObject({ code: "BATCH_NOT_FOUND" });
    await expect(batches.results(batch, other)).rejects.toEqual(unknown);
    expect((await batches.standing(batch, operator)).status).toBe("parsing");
  });

  test("is sent in the Device hat only; an operator names the Party", async () => {
    await expect(batches.upload(makeDeviceCsrs(1), estate.supplier)).rejects.toMatchObject({
      code: "NOT_PERMITTED",
    });
    await expect(batches.upload(makeDeviceCsrs(1), operator)).rejects.toMatchObject({
      code: "SUBSCRIBER_NEEDED",
    });
    const partyId = estate.parties.manufacturer;
    expect(await batches.upload(makeDeviceCsrs(1), operator, { partyId })).toBeGreaterThan(0);
  });
});

describe("approval by a person", () => {
  const secondPerson = localOperator("second");
  const pending = (by = estate.manufacturer) =>
    batchCounter(estate, byPerson).upload(makeDeviceCsrs(1), by, {
      partyId: estate.parties.manufacturer,
    });
  const at = () => estate.clock.read();

  test("lets a batch go on, once", async () => {
    const batch = await pending();
    expect(await batches.standing(batch)).toMatchObject({ status: "pending" });
    expect(await batches.parse(batch)).toBe("gone");
    const waiting = await estate.database.read((tx) => waitingBatches(tx, batchTerms, at()));
    expect(waiting.find(({ id }) => id === batch)).toMatchObject({ status: "pending", requestCount: 1 });
    await transaction((tx) => approveBatch(tx, secondPerson, batch, "as forecast", at()));
    expect(await batches.standing(batch)).toMatchObject({ status: "parsing" });
    await expect(
      transaction((tx) => approveBatch(tx, secondPerson, batch, undefined, at())),
    ).rejects.toMatchObject({ code: "BATCH_NOT_PENDING" });
    expect((await estate.actsOf("requests.approved")).at(-1)).toMatchObject({
      by: "operator:second",
      subject: { batch },
    });
    expect(await batches.parse(batch)).toBe("released");
  });

  test("or ends it for ever, with nothing of it issued and its keys free to be used again", async () => {
    const key = makeKey();
    const csr = makeDeviceCsr({ key });
    const batch = await batchCounter(estate, byPerson).upload([csr]);
    await transaction((tx) => rejectBatch(tx, secondPerson, batch, "not forecast", at()));
    expect(await batches.standing(batch)).toMatchObject({ status: "rejected" });
    await expect(batches.results(batch)).rejects.toMatchObject({ code: "BATCH_NOT_COMPLETED" });
    await expect(
      transaction((tx) => approveBatch(tx, secondPerson, batch, undefined, at())),
    ).rejects.toMatchObject({ code: "BATCH_NOT_PENDING" });
    expect(await batches.parse(batch)).toBe("gone");
    expect((await estate.actsOf("requests.rejected")).at(-1)).toMatchObject({ subject: { batch } });
    const [again] = await estate.issue(estate.manufacturer, "device", [csr]);
    expect(again).toMatchObject({ status: "issued" });
  });

  test("is not for whoever sent the batch, nor for a Party", async () => {
    const own = await batchCounter(estate, byPerson).upload(makeDeviceCsrs(1), operator, {
      partyId: estate.parties.manufacturer,
    });
    await expect(transaction((tx) => approveBatch(tx, operator, own, undefined, at()))).rejects.toMatchObject(
      { code: "OWN_BATCH" },
    );
    await expect(transaction((tx) => rejectBatch(tx, operator, own, "mine", at()))).rejects.toMatchObject({
      code: "OWN_BATCH",
    });
    await expect(
      transaction((tx) => approveBatch(tx, estate.manufacturer, own, undefined, at())),
    ).rejects.toMatchObject({ code: "NOT_PERMITTED" });
    expect(await batches.standing(own)).toMatchObject({ status: "pending" });
  });
});

describe("what the database holds of a batch is what was received, or nothing of it is issued:", () => {
  const alterations = {
    "an octet of a CSR": sql`update request_chunk set requests = set_byte(requests, 100, get_byte(requests, 100) # 1) where batch_id = `,
    "an ID of the client": sql`update request_chunk set client_ids = set_byte(client_ids, 5, 65) where batch_id = `,
    "the frames of a part": sql`update request_chunk set requests = set_byte(requests, 0, 255) where batch_id = `,
    "the Party that it is for": sql`update request_batch set party_id = (select max(id) from party) - 1 where id = `,
    "who sent it": sql`update request_batch set requested_by = 'credential:00' where id = `,
    "a part, taken away": sql`delete from request_chunk where batch_id = `,
    "how many there are": sql`update request_batch set request_count = 3 where id = `,
    "a part, put in": sql`insert into request_chunk (batch_id, first_position, request_count, requests, client_ids)
      select batch_id, 2, request_count, requests, client_ids from request_chunk where batch_id = `,
    "where its act is looked for": sql`update request_batch set received_from_leaf = 1000000 where id = `,
  };

  test.each(Object.entries(alterations))("%s, altered", async (_, alteration) => {
    const batch = await batches.upload(makeDeviceCsrs(2));
    // By then the act may have its leaf: it is found there as well.
    await estate.acts();
    await transaction((tx) => sql`${alteration}${batch}`.execute(tx));
    const issuedBefore = (await estate.actsOf("certificate.issued")).length;
    expect(await batches.parse(batch)).toBe("tampered");
    expect(await batches.standing(batch, operator)).toMatchObject({ status: "tampered" });
    expect(await batches.parse(batch)).toBe("gone");
    expect((await estate.actsOf("requests.tampered")).at(-1)).toMatchObject({
      by: "system",
      subject: { batch },
    });
    await expect(batches.results(batch, operator)).rejects.toMatchObject({ code: "BATCH_NOT_COMPLETED" });
    expect((await estate.actsOf("certificate.issued")).length).toBe(issuedBefore);
  });

  test("two acts of its receipt", async () => {
    const batch = await batches.upload(makeDeviceCsrs(2));
    await transaction((tx) =>
      sql`insert into ledger_inbox (entry)
        select entry from ledger_inbox where position(${Buffer.from(`"batch":${String(batch)},`)} in entry) > 0
        and position('requests.received'::bytea in entry) > 0`.execute(tx),
    );
    expect(await batches.parse(batch)).toBe("tampered");
  });

  test("the status counts it, until its results would have been let go", async () => {
    const count = () => estate.database.read((tx) => unreleasedBatches(tx, batchTerms, estate.clock.read()));
    expect((await count()).tampered).toBe(Object.keys(alterations).length + 1);
    const now = estate.clock.read();
    estate.clock.advance(31 * 24 * hours);
    expect((await count()).tampered).toBe(0);
    estate.clock.set(now);
  });
});

describe("results", () => {
  test("are read as they are taken, a chunk at a time, and hold no connection in between", async () => {
    const batch = await batches.upload(Array.from({ length: 2_001 }, () => Buffer.from("no CSR")));
    await batches.parse(batch);
    await estate.work(batch);
    let reads = 0;
    let underWay = 0;
    const database: Database = {
      ...estate.database,
      read: async (work, options) => {
        reads += 1;
        underWay += 1;
        try {
          return await estate.database.read(work, options);
        } finally {
          underWay -= 1;
        }
      },
    };
    const readsAt: number[] = [];
    const stream = batchResults(database, estate.manufacturer, batch, batchTerms, estate.clock.read());
    for await (const { clientId } of stream) {
      expect(underWay).toBe(0);
      if (["ID0", "ID999", "ID1000", "ID2000"].includes(clientId)) readsAt.push(reads);
    }
    // One for where the batch stands, and one for each chunk.
    expect(readsAt).toEqual([2, 2, 3, 4]);
  });

  const completed = async () => {
    const batch = await batches.upload(makeDeviceCsrs(2));
    await batches.parse(batch);
    await estate.work(batch);
    return batch;
  };
  const kept = async (batch: number) => {
    const { rows } = await estate.database.read((tx) =>
      sql<Record<string, unknown>>`select polls, early_polls, frequent_polls, repeated_polls, first_fetched_at
        from request_batch where id = ${batch}`.execute(tx),
    );
    return rows[0];
  };

  test("can be fetched for 30 days, and are then as if they had never been", async () => {
    const batch = await completed();
    const done = estate.clock.read();
    estate.clock.advance(30 * 24 * hours - 1);
    expect(await batches.results(batch)).toHaveLength(2);
    estate.clock.advance(1);
    await expect(batches.results(batch)).rejects.toEqual(unknown);
    await expect(batches.standing(batch)).rejects.toEqual(unknown);
    estate.clock.set(done);
  });

  test("are counted as they are asked for, early or not, and never refused; the first fetch is kept", async () => {
    const batch = await completed();
    const sent = estate.clock.read();
    const poll = () =>
      transaction<{ status: string }>((tx) =>
        pollBatch(tx, estate.manufacturer, batch, batchTerms, estate.clock.read()),
      );
    // By night, when an hour lies between two of them.
    estate.clock.set(new Date(`${localTime(sent).date}T22:00:00Z`));
    expect((await poll()).status).toBe("completed");
    expect((await poll()).status).toBe("completed");
    expect(await kept(batch)).toMatchObject({
      polls: 2,
      early_polls: 2,
      frequent_polls: 1,
      first_fetched_at: null,
    });
    // 08:00 of the next day in summer.
    estate.clock.set(new Date(`${nextDay(localTime(sent).date)}T07:00:00Z`));
    const fetched = estate.clock.read();
    await poll();
    await transaction((tx) => recordDelivery(tx, batch, fetched));
    estate.clock.advance(1);
    await poll();
    await transaction((tx) => recordDelivery(tx, batch, estate.clock.read()));
    expect(await kept(batch)).toEqual({
      ...{ polls: 4, early_polls: 2, frequent_polls: 1, repeated_polls: 1 },
      first_fetched_at: fetched,
    });
    estate.clock.set(sent);
  });

  test("of a chunk that is held wait, and the client is told that it is processed", async () => {
    const batch = await batches.upload(makeDeviceCsrs(2));
    await batches.parse(batch);
    await transaction((tx) =>
      sql`update request_chunk set state = 'held' where batch_id = ${batch}`.execute(tx),
    );
    expect(await batches.standing(batch)).toMatchObject({ status: "processing" });
    await transaction((tx) =>
      sql`update request_chunk set state = 'received' where batch_id = ${batch}`.execute(tx),
    );
    await estate.work(batch);
  });
});

describe("response times", () => {
  const times = async (batch: number) => {
    const { rows } = await estate.database.read((tx) =>
      sql<Record<string, unknown>>`
        select channel, request_count, extract(epoch from since_last_octet) * 1000 as last_octet,
          extract(epoch from since_accepted) * 1000 as accepted
        from response_time where batch_id = ${batch}`.execute(tx),
    );
    return rows.map((row) => ({
      ...row,
      last_octet: Number(row["last_octet"]),
      accepted: Number(row["accepted"]),
    }));
  };

  test("of a single CSR run from its last octet, and from the end of its checks", async () => {
    const batch = await estate.submit(estate.manufacturer, "device", makeDeviceCsrs(1), {
      channel: "portal-single",
    });
    expect(await times(batch)).toEqual([]);
    estate.clock.advance(300);
    const [chunk = 0] = await estate.chunksOf(batch);
    await workChunk(
      estate.issuing({ afterStep: (step) => (step === "compare" ? estate.clock.advance(40) : undefined) }),
      chunk,
    );
    expect(await times(batch)).toEqual([
      { channel: "portal-single", request_count: 1, last_octet: 340, accepted: 40 },
    ]);
  });

  test("of an answer that was sent run until then, and the first sending counts", async () => {
    const batch = await estate.submit(estate.manufacturer, "device", makeDeviceCsrs(1), {
      channel: "portal-single",
    });
    const received = estate.clock.read();
    await estate.work(batch);
    const sent = new SentTimes(estate.database);
    sent.note(batch, new Date(received.getTime() + 75));
    await sent.store();
    sent.note(batch, new Date(received.getTime() + 90));
    await sent.store();
    expect(await times(batch)).toMatchObject([{ last_octet: 75, accepted: 75 }]);
  });

  test("of a batch run from its last octet, and from its acceptance, until it can be fetched", async () => {
    const upload = beginUpload(batches.desk, estate.manufacturer, {
      channel: "portal-batch",
      reference: "z",
    });
    for (const csr of named(makeDeviceCsrs(2))) await upload.add(csr);
    const lastOctetAt = estate.clock.read();
    estate.clock.advance(250);
    const { batchId } = await upload.complete(lastOctetAt);
    await batches.parse(batchId);
    estate.clock.advance(4_000);
    await estate.work(batchId);
    expect(await times(batchId)).toEqual([
      { channel: "portal-batch", request_count: 2, last_octet: 4_250, accepted: 4_000 },
    ]);
  });

  test("are shown by channel, single ones beside the target of their edition", async () => {
    const began = estate.clock.read();
    estate.clock.advance(1);
    for (const wait of [200, 900, 1_500]) {
      const batch = await estate.submit(estate.manufacturer, "device", makeDeviceCsrs(1), { channel: "est" });
      estate.clock.advance(wait);
      await estate.work(batch);
    }
    const est = async (edition: Edition, since = began) => {
      const { target, channels } = await estate.database.read((tx) =>
        responseTimes(tx, rulebookFor(edition), since, estate.clock.read()),
      );
      return { target, ...channels.find(({ channel }) => channel === "est") };
    };
    expect(await est("response")).toMatchObject({
      target: 1,
      kind: "single",
      answers: 3,
      within: 2,
      sinceLastOctet: { median: 0.9, p99: 1.5, longest: 1.5 },
      sinceAccepted: { longest: 0 },
    });
    expect(await est("draft")).toMatchObject({ target: 30, within: 3 });
    expect(await est("response", estate.clock.read())).toEqual({ target: 1 });
  });

  test("leave out nothing that is not answered: it is late when the target is over", async () => {
    const began = estate.clock.read();
    estate.clock.advance(1);
    const waiting = await estate.submit(estate.manufacturer, "device", makeDeviceCsrs(1), {
      channel: "ad-hoc",
    });
    const adHoc = async () => {
      const { channels } = await estate.database.read((tx) =>
        responseTimes(tx, rulebookFor("response"), began, estate.clock.read()),
      );
      return channels.find(({ channel }) => channel === "ad-hoc");
    };
    const none = { sinceLastOctet: null, sinceAccepted: null, answers: 0, within: 0 };
    estate.clock.advance(900);
    expect(await adHoc()).toMatchObject({ ...none, unanswered: 1, overdue: 0 });
    estate.clock.advance(200);
    expect(await adHoc()).toMatchObject({ ...none, unanswered: 1, overdue: 1 });
    // It is told that there is no certificate yet: an answer, and the certificate later is none.
    const told = new SentTimes(estate.database);
    told.note(waiting, estate.clock.read());
    await told.store();
    const late = { answers: 1, within: 0, unanswered: 0, overdue: 0, sinceLastOctet: { longest: 1.1 } };
    expect(await adHoc()).toMatchObject({ ...late, sinceAccepted: null });
    estate.clock.advance(5_000);
    await estate.work(waiting);
    expect(await adHoc()).toMatchObject(late);
  });

  test("of a Batched CSR are those of a batch, though it has one CSR", async () => {
    const began = estate.clock.read();
    estate.clock.advance(1);
    const upload = beginUpload(batches.desk, estate.manufacturer, { channel: "batched", reference: "one" });
    for (const csr of named(makeDeviceCsrs(1))) await upload.add(csr);
    const { batchId } = await upload.complete();
    const { channels: before } = await estate.database.read((tx) =>
      responseTimes(tx, rulebookFor("response"), began, new Date(estate.clock.read().getTime() + 3_600_000)),
    );
    expect(before).toEqual([]);
    await batches.parse(batchId);
    await estate.work(batchId);
    const { channels } = await estate.database.read((tx) =>
      responseTimes(tx, rulebookFor("response"), began, estate.clock.read()),
    );
    expect(channels).toMatchObject([{ channel: "batched", kind: "batch", answers: 1, unanswered: 0 }]);
  });
});
