import { setTimeout as sleep } from "node:timers/promises";
import { type Eui64, eui64, formatEui64, oid } from "../../certificates/index.ts";
import type { Output } from "../../cli/output.ts";
import {
  type BatchedAnswer,
  BatchResultReader,
  type BatchStatus,
  messageMediaType,
  readSubmitBatchStatus,
  writeSubmitBatch,
} from "../../web/smki/messages/index.ts";
import { batchResultPath, submitBatchPath } from "../../web/smki/services/batched-service.ts";
import type { Estate } from "../estate/estate.ts";
import type { ApiClient } from "./client.ts";
import type { EnrolledParty } from "./enrol.ts";
import { type MeterKey, makeMeter } from "./simulated-meters.ts";

/** What was issued for the simulated meters. */
export interface IssuedForMeters {
  readonly keys: readonly MeterKey[];
  /** From handing in the batch to its last certificate. */
  readonly seconds: number;
}

/** Makes the meters' keys and CSRs, hands them in as one batch, and waits until it is completed. */
export async function issueForMeters(
  estate: Estate,
  manufacturer: EnrolledParty,
  meters: number,
  output: Output,
): Promise<IssuedForMeters> {
  const [range] = manufacturer.party.ranges;
  const firstDevice = range?.first ?? eui64("00-db-12-34-60-00-00-00");
  const hardwareType = oid(estate.settings.simulatedMeters.hardwareType ?? "1.2.826.0.1.8641679.1.2.2.1");
  const keys = await output.progress("keys and CSRs", meters, async (advance) => {
    const made: MeterKey[] = [];
    for (let number = 0; number < meters; number += 1) {
      made.push(...makeMeter(firstDevice, number, hardwareType));
      advance();
      if (number % 50 === 0) await sleep(0); // lets the bar move
    }
    return made;
  });
  output.done(`${String(keys.length)} Key Pairs and CSRs made: ${formatEui64(firstDevice)} and following`);

  const client = manufacturer.batchClient;
  if (client === undefined) throw new Error("the manufacturer has no credential for batches");
  const begun = performance.now();
  const batchId = await submit(client, keys);
  output.done(`handed in as one SubmitCSRBatch at the Batched Device CSR Web Service: BatchId ${batchId}`);
  await output.progress("certificates", keys.length, async (advance) => {
    requireAllIssued(await resultOf(client, batchId), keys.length);
    advance(keys.length);
  });
  const seconds = (performance.now() - begun) / 1000;
  const rate = Math.round(keys.length / seconds);
  output.done(
    `${String(keys.length)} Device Certificates issued in ${seconds.toFixed(1)} s (${String(rate)} a second)`,
  );
  return { keys, seconds };
}

/** Hands in the CSRs as a client of SEC Appendix M does. @returns the BatchId */
async function submit(client: ApiClient, keys: readonly MeterKey[]): Promise<string> {
  const csrs = keys.map(({ csr }, index) => ({ clientId: `csr-${String(index)}`, request: csr }));
  const octets = writeSubmitBatch("simulated meters", csrs);
  const answer = await client.send("POST", submitBatchPath, { type: messageMediaType, octets });
  const { outcome } = readSubmitBatchStatus(answer);
  if (outcome.status !== "PENDING") throw new Error(`the batch was refused: ${outcome.error.text}`);
  return outcome.batchId;
}

interface BatchResult {
  readonly status: BatchStatus;
  readonly answers: readonly BatchedAnswer[];
}

/** Asks for the result until there is one: much oftener than SEC Appendix N lets a Party do, since a person waits. */
async function resultOf(client: ApiClient, batchId: string): Promise<BatchResult> {
  for (;;) {
    const reader = new BatchResultReader();
    const answers = reader.write(await client.send("GET", `${batchResultPath}?BatchId=${batchId}`));
    const { status } = reader.end();
    if (!["PENDING", "PARSING", "QUEUED", "PROCESSING", "PAUSED"].includes(status))
      return { status, answers };
    await sleep(100);
  }
}

function requireAllIssued({ status, answers }: BatchResult, expected: number): void {
  const refused = answers.filter(({ answer }) => answer.status !== "SUCCESS");
  if (status === "COMPLETED" && refused.length === 0 && answers.length === expected) return;
  throw new Error(`the batch is ${status}; ${String(refused.length)} refused: ${JSON.stringify(refused[0])}`);
}

/** A certificate as it came back: by device and use of the key. */
export type FetchedCertificates = ReadonlyMap<string, Buffer>;

export const certificateKey = (deviceId: Eui64, keyUsage: string): string =>
  `${deviceId} ${keyUsage === "digitalSignature" ? "DS" : "KA"}`;

/** Fetches every meter's certificates from the repository, meter by meter, as a client would. */
export async function fetchBack(
  manufacturer: EnrolledParty,
  keys: readonly MeterKey[],
  output: Output,
): Promise<FetchedCertificates> {
  const client = clientOf(manufacturer);
  const devices = [...new Set(keys.map(({ deviceId }) => deviceId))];
  const fetched = new Map<string, Buffer>();
  await output.progress("meters", devices.length, async (advance) => {
    const queue = devices.values();
    const lane = async () => {
      for (const deviceId of queue) {
        const { certificates } = await client.get<{
          certificates: { usage: string; status: string; certificate: string }[];
        }>(`/api/v1/certificates?device=${deviceId}&status=I`);
        for (const { usage, certificate } of certificates)
          fetched.set(`${deviceId} ${usage}`, Buffer.from(certificate, "base64"));
        advance();
      }
    };
    await Promise.all(Array.from({ length: 8 }, lane));
  });
  output.done(`${String(fetched.size)} certificates fetched back from the repository, by Device ID`);
  return fetched;
}

function clientOf(manufacturer: EnrolledParty): ApiClient {
  const client = manufacturer.clients.get("device");
  if (client === undefined) throw new Error("the manufacturer has no credential");
  return client;
}
