import { setTimeout as sleep } from "node:timers/promises";
import type { Identity } from "../../src/app/processes/testkit/estates.ts";
import { httpsClient } from "../../src/app/processes/testkit/https-client.ts";
import { batchBody, resultPath, submitPath } from "../../src/app/processes/testkit/web-services.ts";
import {
  BatchResultReader,
  messageMediaType,
  readSubmitBatchStatus,
} from "../../src/web/smki/messages/index.ts";
import type { Server } from "../web/connection.ts";

/** A batch as its client holds it ready: its CSRs, and the message that submits them. */
export interface PreparedBatch {
  readonly csrs: readonly Buffer[];
  readonly body: Buffer;
}

/** How a night went, from the first octet sent. */
export interface Night {
  /** Seconds until the last octet of the last result was read. */
  readonly seconds: number;
  /** Of those, until the last batch was acknowledged. */
  readonly acknowledged: number;
  /** What was fetched of each batch, not looked at yet. */
  readonly results: readonly Buffer[];
}

const askAgainAfter = 250;
/** Above it the head alone is looked at: a result that is not ready is a short message. */
const shortMessage = 4_096;

/** Writes the message of each batch. */
export function prepare(csrs: readonly Buffer[], batchSize: number): Promise<PreparedBatch[]> {
  const parts = Array.from({ length: Math.ceil(csrs.length / batchSize) }, (_, index) =>
    csrs.slice(index * batchSize, (index + 1) * batchSize),
  );
  return Promise.all(
    parts.map(async (part, index) => {
      const named = part.map((request, place) => ({ clientId: `csr-${String(place)}`, request }));
      return { csrs: part, body: await batchBody(`night-${String(index)}`, named) };
    }),
  );
}

/** Submits batches one after the other, then fetches their results one after the other, asking until each is complete. */
export async function spendNight(
  { url, ca }: Server,
  identity: Identity,
  batches: readonly PreparedBatch[],
): Promise<Night> {
  const client = httpsClient(url, { ca, ...identity });
  try {
    const start = performance.now();
    const since = () => (performance.now() - start) / 1_000;
    const ids: string[] = [];
    for (const { body } of batches) {
      const answer = await client.send("POST", submitPath, {
        headers: { "content-type": messageMediaType },
        body,
      });
      const { outcome } = readSubmitBatchStatus(answer.octets);
      if (outcome.status !== "PENDING") throw new Error(`a batch was refused: ${JSON.stringify(outcome)}`);
      ids.push(outcome.batchId);
    }
    const acknowledged = since();
    const results: Buffer[] = [];
    for (const id of ids)
      for (;;) {
        const { octets } = await client.get(resultPath(id));
        if (octets.length > shortMessage || statusOf(octets) === "COMPLETED") {
          results.push(octets);
          break;
        }
        await sleep(askAgainAfter);
      }
    return { seconds: since(), acknowledged, results };
  } finally {
    client.close();
  }
}

function statusOf(octets: Buffer): string {
  const reader = new BatchResultReader();
  reader.write(octets);
  return reader.end().status;
}

/** Looks at every result: a certificate for each CSR under its ID, with the key of that CSR. @returns how many are not */
export function judge(batches: readonly PreparedBatch[], { results }: Night): number {
  let wrong = 0;
  for (const [index, { csrs }] of batches.entries()) {
    const reader = new BatchResultReader();
    const answers = reader.write(results[index] ?? Buffer.alloc(0));
    reader.end();
    const byId = new Map(answers.map(({ clientId, answer }) => [clientId, answer]));
    for (const [place, csr] of csrs.entries()) {
      const answer = byId.get(`csr-${String(place)}`);
      const isGood =
        answer?.status === "SUCCESS" && Buffer.from(answer.certificate).includes(publicPointIn(csr));
      if (!isGood) wrong += 1;
    }
  }
  return wrong;
}

/** The uncompressed point of a P-256 key, as it stands in a CSR and in its certificate: 65 octets behind its BIT STRING's head. */
export function publicPointIn(csr: Buffer): Buffer {
  const start = csr.indexOf(Buffer.from("03420004", "hex")) + 3;
  return csr.subarray(start, start + 65);
}
