import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { batchStatus } from "../../issuance/batch-status.ts";
import { byPerson, named } from "../../issuance/batches.testkit.ts";
import { makeDeviceCsrs } from "../../issuance/issuance.testkit.ts";
import { receive } from "../../issuance/receive.ts";
import { receiveUpload } from "../../issuance/upload.ts";
import { localOperator } from "../../registration/principal.ts";
import { findParty } from "../../registration/registration.ts";
import type { Estate } from "../estate/estate.ts";
import { enrolParties, foundedEstate, joinEstate, type UpService, up } from "../processes/testkit/estates.ts";
import { cleanUp, smki, until } from "../processes/testkit/smki.ts";
import { operatorAtMachine } from "./operator.ts";

const clerk = localOperator("clerk");
let service: UpService;
let estate: Estate;
let partyId: number;
beforeAll(async () => {
  service = await up(await foundedEstate(), { env: { SMKI_BATCHES_APPROVAL: "person" } });
  await enrolParties(service);
  estate = await joinEstate(service.data);
  partyId = (await estate.database.read((tx) => findParty(tx, "SMPM"))).id;
});
afterAll(async () => {
  await estate.close();
  service.interrupt();
  await service.ended;
  await cleanUp();
});

/** Sends a batch as another person of the Registration Authority would. */
const send = async (by = clerk) =>
  (
    await receiveUpload(
      { ...estate, terms: byPerson },
      by,
      { channel: "portal-batch", reference: "meters.zip", partyId },
      named(makeDeviceCsrs(3)),
    )
  ).batchId;
const statusOf = (batch: number) =>
  estate.database.read(async (tx) => (await batchStatus(tx, clerk, batch, byPerson, estate.clock())).status);
const ends = (batch: number, status: string) =>
  until(async () => ((await statusOf(batch)) === status ? true : undefined));
const run = (...words: string[]) => smki([...words, "--data", service.data, "--json"]);
const answerOf = async (...words: string[]) => {
  const { status, stdout, stderr } = await run(...words);
  expect(status, stderr).toBe(0);
  return { answer: JSON.parse(stdout) as Record<string, unknown>, stderr };
};

test("a person sees what awaits approval, approves it, and the running service does the rest", async () => {
  const batch = await send();
  const { answer } = await answerOf("queue", "batches");
  expect(answer["batches"]).toEqual([
    {
      ...{ batch, status: "pending", channel: "portal-batch", party: partyId, requests: 3 },
      ...{ receivedAt: expect.any(String) as string, requestedBy: "operator:clerk" },
    },
  ]);
  const { answer: standing, stderr } = await answerOf("status");
  expect(standing["batches"]).toMatchObject({ pending: 1, tampered: 0, window: "always" });
  expect(stderr).toContain("await approval");
  expect((await answerOf("queue", "approve", String(batch))).answer).toEqual({ approved: batch });
  await ends(batch, "completed");
  expect((await answerOf("queue", "batches")).answer["batches"]).toEqual([]);
});

test("a person sees how long answers took, with what has none yet, and what Parties sent beside Appendix N", async () => {
  const at = estate.clock().getTime();
  await estate.database.transaction(async (tx) => {
    for (const [index, request] of makeDeviceCsrs(2).entries()) {
      const submission = { channel: "ad-hoc", kind: "device", reference: "r", partyId } as const;
      const receivedAt = new Date(at - 5_000 + 500 * index);
      await receive(tx, clerk, { ...submission, requests: [request] }, 1, receivedAt);
    }
    // Nobody works on them.
    await sql`update request_chunk set state = 'held' where batch_id in (
      select id from request_batch where channel = 'ad-hoc')`.execute(tx);
  });
  const { stdout } = await smki(["queue", "times", "--data", service.data]);
  expect(stdout).toMatch(/ad-hoc +single +0 +0\.00 % +2\n/);
  expect(stdout).toMatch(/portal-batch +batch +\d+ +\d+\.\d{3} \/ /);
  const shown = await smki(["queue", "allowances", "--data", service.data]);
  expect(shown.stdout).toMatch(/\nSMPM +2 +1 +0 +0 +0 +0\n/);
  expect((await answerOf("queue", "allowances")).answer["services"]).toMatchObject([{ partyId }]);
});

test("a batch is rejected with a reason, which is kept", async () => {
  const batch = await send();
  expect((await run("queue", "reject", String(batch))).status).not.toBe(0);
  expect(await statusOf(batch)).toBe("pending");
  await answerOf("queue", "reject", String(batch), "--reason", "not forecast");
  expect(await statusOf(batch)).toBe("rejected");
  const { rows } = await estate.database.read((tx) =>
    sql`select decided_by, decision_reason from request_batch where id = ${batch}`.execute(tx),
  );
  expect(rows).toEqual([{ decided_by: operatorAtMachine().name, decision_reason: "not forecast" }]);
  expect((await run("queue", "approve", String(batch))).stderr).toContain("BATCH_NOT_PENDING");
});

test("who sent a batch is refused to decide on it", async () => {
  const batch = await send(operatorAtMachine());
  expect((await run("queue", "approve", String(batch))).stderr).toContain("OWN_BATCH");
  expect((await run("queue", "reject", String(batch), "--reason", "mine")).stderr).toContain("OWN_BATCH");
});

test("a batch whose octets somebody altered in the database is tampered with, for ever, and the status says so", async () => {
  const batch = await send();
  await estate.database.transaction((tx) =>
    sql`update request_chunk set requests = set_byte(requests, 60, get_byte(requests, 60) # 1)
      where batch_id = ${batch}`.execute(tx),
  );
  await answerOf("queue", "approve", String(batch));
  await ends(batch, "tampered");
  const { answer, stderr } = await answerOf("status");
  expect(answer["batches"]).toMatchObject({ tampered: 1 });
  expect(stderr).toContain("altered");
});
