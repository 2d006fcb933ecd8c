import { setTimeout as sleep } from "node:timers/promises";
import { Gauge, Registry } from "prom-client";
import { authorityStanding } from "../../authorities/standing.ts";
import { issuanceQueue } from "../../issuance/deliver.ts";
import { newestCheckpointNote } from "../../ledger/newest-checkpoint.ts";
import type { Estate } from "../estate/estate.ts";

/** A database that does not answer within this is away, in milliseconds; Prometheus waits 10 seconds for all. */
const answerWithin = 2_000;

type Looked = Pick<Estate, "database" | "rules" | "clock">;

/**
 * How an estate stands, in the text form that Prometheus reads. Made anew at every reading: while the database is
 * away there is `smki_database_up 0` and nothing else, since an old figure would be wrong.
 */
export async function estateMetrics(estate: Looked): Promise<string> {
  const registry = new Registry();
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  const up = gauge("smki_database_up", "Whether the database answered just now");
  const standing = await Promise.race([
    look(estate).catch(() => undefined),
    sleep(answerWithin, undefined, { ref: false }),
  ]);
  up.set(standing === undefined ? 0 : 1);
  if (standing === undefined) return registry.metrics();

  const { issuingDca, lists, warnings, queue, leaves } = standing;
  const chunks = gauge("smki_chunks", "Chunks of CSRs: open ones wait for a worker, held ones for a person", [
    "state",
  ]);
  chunks.set({ state: "open" }, queue.open);
  chunks.set({ state: "held" }, queue.held);
  const issuingDcas = gauge("smki_issuing_dcas", "Issuing DCAs that can take over from the active one", [
    "state",
  ]);
  issuingDcas.set({ state: "released" }, issuingDca.released);
  issuingDcas.set({ state: "stock" }, issuingDca.stock);
  gauge(
    "smki_issuing_dca_reserved_certificates",
    "Certificates reserved under the active Issuing DCA, of those that its cap allows",
  ).set(issuingDca.reserved);
  const nextUpdate = gauge(
    "smki_revocation_list_next_update_timestamp_seconds",
    "Until when the current list is good",
    ["authority"],
  );
  for (const list of lists) nextUpdate.set({ authority: list.authority }, Date.parse(list.nextUpdate) / 1000);
  gauge("smki_ledger_leaves", "Leaves under the newest signed checkpoint").set(leaves);
  gauge("smki_warnings", "What needs a person: see smki status").set(warnings.length);
  return registry.metrics();
}

const look = ({ database, rules, clock }: Looked) =>
  database.read(async (tx) => ({
    ...(await authorityStanding(tx, rules, clock())),
    queue: await issuanceQueue(tx),
    leaves: Number((await newestCheckpointNote(tx)).split("\n")[1] ?? 0),
  }));
