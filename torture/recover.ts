import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import { listAuthorities } from "../src/authorities/authorities.ts";
import { crlProfiles } from "../src/authorities/authority.ts";
import { hierarchyTerms } from "../src/authorities/ceremony/terms.testkit.ts";
import type { IssuingAuthority } from "../src/authorities/issuing/issue.ts";
import { publishDueList } from "../src/authorities/revocation/publish-list.ts";
import type { Database } from "../src/database/connect.ts";
import type { Tx } from "../src/database/transaction.ts";
import { unreleasedBatches } from "../src/issuance/batch-status.ts";
import { batchTerms } from "../src/issuance/batches.testkit.ts";
import { issuanceQueue } from "../src/issuance/deliver.ts";
import { runIssuance } from "../src/issuance/run-issuance.ts";
import type { CheckpointSigner } from "../src/ledger/checkpoint-signer.ts";
import { sequenceOnce } from "../src/ledger/sequencer.ts";
import { within } from "./child.ts";

const patienceMilliseconds = 180_000;

/**
 * Waits until no chunk is open.
 *
 * @param orElse - what would keep it from ever coming, and rejects
 * @throws with how chunks and Issuing DCAs stand, when it does not come
 */
export async function endOfQueue(
  { database }: Pick<IssuingAuthority, "database">,
  ...orElse: Promise<never>[]
) {
  const stop = new AbortController();
  try {
    const empty = untilQueueIsEmpty(database, stop.signal);
    await within(patienceMilliseconds, "the end of the queue", Promise.race([empty, ...orElse]));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`${why}; ${await standingOf(database).catch(String)}`, { cause: error });
  } finally {
    stop.abort();
  }
}

async function untilQueueIsEmpty(database: Database, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    // While the server starts again there is no answer yet.
    const waiting = await database.read(waitingChunksAndBatches).catch(() => undefined);
    if (waiting === 0) return;
    await sleep(20);
  }
}

/** Chunks that are open, and batches that a worker has to check before theirs are. */
async function waitingChunksAndBatches(tx: Tx): Promise<number> {
  const { open } = await issuanceQueue(tx);
  const { approved } = await unreleasedBatches(tx, batchTerms, new Date());
  return open + approved;
}

/** How chunks and Issuing DCAs stand, to tell a queue that waits for room from one that is stuck. */
async function standingOf(database: Database): Promise<string> {
  const { rows } = await database.read((tx) =>
    sql<{ what: string; count: number }>`
      select certificate_kind || ' CSRs ' || state as what, sum(chunk.request_count)::int as count
      from request_chunk chunk join request_batch batch on batch.id = chunk.batch_id
      where state <> 'finished' group by 1
      union all
      select id || ' ' || state || ', reserved', reserved::int from certification_authority
      where profile = 'issuing-dca' order by 1`.execute(tx),
  );
  return rows.map(({ what, count }) => `${what}: ${String(count)}`).join("; ");
}

/** What a worker does on any day, until nothing is left to do: there is no recovery besides it. */
export async function recover(authority: IssuingAuthority, ledger: CheckpointSigner): Promise<void> {
  const { database, signer, clock } = authority;
  const stop = new AbortController();
  const running = runIssuance(authority, stop.signal, {});
  try {
    await endOfQueue(authority);
  } finally {
    stop.abort();
    await running;
  }
  const making = { database, signer, clock, toleranceSeconds: authority.clockToleranceSeconds };
  for (const profile of crlProfiles)
    for (const ca of await database.read((tx) => listAuthorities(tx, profile)))
      await publishDueList(making, ca, hierarchyTerms(1).crlOf(profile));
  const sequenced = async () => {
    // A killed sequencer's connection keeps the election until PostgreSQL has seen that it is gone.
    while ((await sequenceOnce({ database, signer: ledger, clock })) === undefined) await sleep(10);
  };
  await within(patienceMilliseconds, "the sequencer's election", sequenced());
}
