import { setTimeout as sleep } from "node:timers/promises";
import { listAuthorities } from "../src/authorities/authorities.ts";
import { crlProfiles } from "../src/authorities/authority.ts";
import { hierarchyTerms } from "../src/authorities/ceremony/terms.testkit.ts";
import type { IssuingAuthority } from "../src/authorities/issuing/issue.ts";
import { publishDueList } from "../src/authorities/revocation/publish-list.ts";
import { issuanceQueue } from "../src/issuance/deliver.ts";
import { runIssuance } from "../src/issuance/run-issuance.ts";
import type { CheckpointSigner } from "../src/ledger/checkpoint-signer.ts";
import { sequenceOnce } from "../src/ledger/sequencer.ts";
import { within } from "./child.ts";

const patienceMilliseconds = 180_000;

/** Waits until no chunk is open. */
export async function untilQueueIsEmpty(
  { database }: Pick<IssuingAuthority, "database">,
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted) {
    // While the server starts again there is no answer yet.
    const queue = await database.read(issuanceQueue).catch(() => undefined);
    if (queue?.open === 0) return;
    await sleep(20);
  }
}

/** What a worker does on any day, until nothing is left to do: there is no recovery besides it. */
export async function recover(authority: IssuingAuthority, ledger: CheckpointSigner): Promise<void> {
  const { database, signer, clock } = authority;
  const stop = new AbortController();
  const running = runIssuance(authority, stop.signal, {});
  try {
    await within(patienceMilliseconds, "the end of the queue", untilQueueIsEmpty(authority, stop.signal));
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
