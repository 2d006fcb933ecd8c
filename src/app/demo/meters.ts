import { setTimeout as sleep } from "node:timers/promises";
import { type Eui64, eui64, formatEui64, oid } from "../../certificates/index.ts";
import type { Output } from "../../cli/output.ts";
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

interface BatchAnswer {
  readonly status: string;
  readonly outcomes: readonly {
    readonly status: string;
    readonly code?: string;
    readonly message?: string;
  }[];
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

  const client = clientOf(manufacturer);
  const begun = performance.now();
  const { batch } = await client.post<{ batch: number }>("/api/v1/device-certificate-batches", {
    reference: "simulated meters",
    csrs: keys.map(({ csr }) => csr.toString("base64")),
  });
  const answer = await output.progress("certificates", keys.length, (advance) =>
    poll(client, batch, advance),
  );
  const seconds = (performance.now() - begun) / 1000;
  const refused = answer.outcomes.filter(({ status }) => status !== "issued");
  if (refused.length > 0 || answer.status !== "completed")
    throw new Error(
      `the batch is ${answer.status}; ${String(refused.length)} refused: ${JSON.stringify(refused[0])}`,
    );
  const rate = Math.round(keys.length / seconds);
  output.done(
    `${String(keys.length)} Device Certificates issued in ${seconds.toFixed(1)} s (${String(rate)} a second)`,
  );
  return { keys, seconds };
}

async function poll(client: ApiClient, batch: number, advance: (by: number) => void): Promise<BatchAnswer> {
  let seen = 0;
  for (;;) {
    const answer = await client.get<BatchAnswer>(`/api/v1/batches/${String(batch)}`);
    const decided = answer.outcomes.filter(({ status }) => status !== "processing").length;
    advance(decided - seen);
    seen = decided;
    if (answer.status !== "processing") return answer;
    await sleep(100);
  }
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
