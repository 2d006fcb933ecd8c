import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import type { Estate } from "../../src/app/estate/estate.ts";
import type { Output } from "../../src/cli/output.ts";
import { isSequenced } from "../bulk/submit.ts";
import type { BenchEstate } from "../estate/bench-estate.ts";
import { supplierName } from "../web/estate.ts";
import { listDevices } from "./devices.ts";
import {
  copyRequests,
  lodgeAuthority,
  lodgeCertificates,
  ofOneIssuingDca,
  type Templates,
} from "./filler.ts";
import { withoutRandomIndexes } from "./random-indexes.ts";

const together = 50_000;

/**
 * Fills the estate with everything that issuing so many certificates would have left: certificates, claimed keys,
 * Devices, batches, chunks, intents, claims, retired CAs, and leaves of the ledger, which the sequencer of the workers deals.
 * Then it is made tidy, as it would be by then.
 *
 * @param from - number of the first certificate, a multiple of 1,000
 * @param to - number of the first that is not lodged, a multiple of 1,000
 */
export async function fill(
  estate: Estate,
  bench: BenchEstate,
  templates: Templates,
  from: number,
  to: number,
  output: Output,
): Promise<void> {
  const { database } = estate;
  await output.progress("certificates of filler", to - from, (advance) =>
    withoutRandomIndexes(database, async () => {
      await Promise.all([
        listDevices(estate, bench, supplierName, from, to),
        lodge(estate, templates, from, to, advance),
      ]);
    }),
  );
  while (!(await isSequenced(database))) await sleep(100);
  await makeTidy(estate);
}

/** Everything but the Devices. */
async function lodge(
  { database, clock }: Estate,
  templates: Templates,
  from: number,
  to: number,
  advance: (by: number) => void,
): Promise<void> {
  for (let first = from; first < to; ) {
    // Up to the next CA, at the most.
    const count = Math.min(together, to - first, ofOneIssuingDca - (first % ofOneIssuingDca));
    const at = first;
    await database.transaction(async (tx) => {
      if (at % ofOneIssuingDca === 0) await lodgeAuthority(tx, templates, at / ofOneIssuingDca, clock());
      await lodgeCertificates(tx, templates, at, count, clock());
      await copyRequests(tx, templates, count / 1_000);
    });
    first += count;
    advance(count);
  }
}

/** Vacuum, statistics and a checkpoint, so that none of them falls into what is measured. */
async function makeTidy({ database }: Pick<Estate, "database">): Promise<void> {
  // Neither may stand in a transaction.
  await database.read((tx) => sql`vacuum analyze`.execute(tx));
  await database.read((tx) => sql`checkpoint`.execute(tx));
}
