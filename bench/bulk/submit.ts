import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import type { Estate } from "../../src/app/estate/estate.ts";
import { batchHasEnded, findBatch } from "../../src/issuance/deliver.ts";
import { receive, waitForBatch } from "../../src/issuance/receive.ts";
import type { BenchEstate } from "../estate/bench-estate.ts";

/** How a submission went, from the first row sent. */
export interface Issued {
  readonly seconds: number;
  /** Of those, until the CSRs were received and durable. */
  readonly received: number;
  /** Until every certificate was published. */
  readonly published: number;
}

const patience = 1_800_000;

/**
 * Hands CSRs in as the library takes them, in batches of the size that the Code allows, and waits until the last
 * certificate is published and the last act has its leaf under a signed checkpoint.
 */
export async function submit(
  { database, clock, rules }: Estate,
  { operator, partyId }: BenchEstate,
  requests: readonly Buffer[],
): Promise<Issued> {
  const most = rules.maximumBatchSize.value;
  const start = performance.now();
  const since = () => (performance.now() - start) / 1000;
  const batches: number[] = [];
  for (let first = 0; first < requests.length; first += most) {
    const part = requests.slice(first, first + most);
    const submission = {
      kind: "device",
      reference: `bench ${String(first)}`,
      partyId,
      requests: part,
    } as const;
    batches.push(await database.transaction((tx) => receive(tx, operator, submission, most, clock())));
  }
  const received = since();
  for (const batch of batches) {
    const ended = await waitForBatch(
      database,
      () => database.read((tx) => batchHasEnded(tx, batch)),
      batch,
      patience,
    );
    if (!ended) throw new Error(`batch ${String(batch)} was not issued in ${String(patience)} ms`);
  }
  const published = since();
  while (!(await isSequenced(database))) await sleep(5);
  const seconds = since();
  for (const batch of batches) {
    const { status, outcomes } = await database.read((tx) => findBatch(tx, operator, batch));
    const issued = outcomes.filter((outcome) => outcome?.status === "issued").length;
    if (status !== "completed" || issued !== outcomes.length)
      throw new Error(`batch ${String(batch)} is ${status} with ${String(issued)} issued`);
  }
  return { seconds, received, published };
}

/** Every act has its leaf, and the newest checkpoint covers them all. */
export async function isSequenced(database: Estate["database"]): Promise<boolean> {
  const { rows } = await database.read((tx) =>
    sql<{ sequenced: boolean }>`
      select not exists (select from ledger_inbox) and
             (select max(size) from ledger_checkpoint) = (select max(leaf) + 1 from ledger_entry) as sequenced`.execute(
      tx,
    ),
  );
  return rows[0]?.sequenced === true;
}
