import { sql } from "kysely";
import type { Estate } from "../../src/app/estate/estate.ts";
import { batchHasEnded, findBatch } from "../../src/issuance/deliver.ts";
import { receive, waitForBatch } from "../../src/issuance/receive.ts";
import { retrieveCertificate } from "../../src/repository/repository.ts";
import type { BenchEstate } from "../estate/bench-estate.ts";

const patience = 30_000;

/**
 * One CSR to its durable certificate, as the web service goes about it: receive, wait for a worker, read the outcome,
 * read the certificate.
 */
export async function issueOne(
  { database, clock, rules }: Estate,
  { operator, partyId }: BenchEstate,
  request: Buffer,
): Promise<void> {
  const submission = { kind: "device", reference: "single", partyId, requests: [request] } as const;
  const most = rules.maximumBatchSize.value;
  const batchId = await database.transaction((tx) => receive(tx, operator, submission, most, clock()));
  const hasEnded = () => database.read((tx) => batchHasEnded(tx, batchId));
  await waitForBatch(database, hasEnded, batchId, patience);
  await database.read(async (tx) => {
    const [outcome] = (await findBatch(tx, operator, batchId)).outcomes;
    if (outcome?.status !== "issued")
      throw new Error(`a single CSR was not issued: ${JSON.stringify(outcome)}`);
    await retrieveCertificate(tx, outcome.serialNumber, clock());
  });
}

/** The least that durable issuing can take here: a row committed for each of the three steps that must be. */
export async function threeCommits({ database }: Estate): Promise<void> {
  for (const step of ["received", "recorded", "published"])
    await database.transaction((tx) => sql`insert into bench_commit (step) values (${step})`.execute(tx));
}

/** Makes the table that {@link threeCommits} writes. */
export async function prepareCommits({ database }: Estate): Promise<void> {
  await database.transaction((tx) => sql`create table bench_commit (step text not null)`.execute(tx));
}
