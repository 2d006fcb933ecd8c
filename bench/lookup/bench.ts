import { loadavg } from "node:os";
import type { Estate } from "../../src/app/estate/estate.ts";
import { systemCredential } from "../../src/app/processes/testkit/web-services.ts";
import type { Output } from "../../src/cli/output.ts";
import { issueApiKey, registerUser } from "../../src/repository/access/access.ts";
import { durabilityChecks, serverSettings } from "../bulk/server-settings.ts";
import { submit } from "../bulk/submit.ts";
import { type BenchEstate, foundEstate } from "../estate/bench-estate.ts";
import { onExit } from "../estate/leave-nothing.ts";
import { startWebProcess } from "../estate/web-process.ts";
import { startWorkers } from "../estate/workers.ts";
import { type BenchResult, type Measurement, quantile, time } from "../report/measurement.ts";
import { processorSeconds } from "../report/processor-time.ts";
import { makeDeviceCsr } from "../requests/make.ts";
import { type Connection, openConnection } from "../web/connection.ts";
import { registerSupplier, serverCa } from "../web/estate.ts";
import { fill, filled } from "./fill.ts";
import {
  byDevice,
  bySerialNumber,
  byWebService,
  type Looked,
  lookUpAtRate,
  type MakeLookUp,
  nothing,
} from "./look-ups.ts";

const offered = [250, 500, 1_000];
const seconds = 12;
const warmUpSeconds = 8;
const connectionCount = 32;
/** The longest that 99 of 100 may take at the highest rate, in milliseconds. */
const longest = 5;

/** Look-ups in the repository at fixed rates, among as many certificates as are asked for. */
export async function benchLookup(
  output: Output,
  { certificates }: { readonly certificates: number },
): Promise<BenchResult> {
  const bench = await foundEstate("encrypted-file");
  const estate = await bench.open();
  const closing = onExit(() => estate.close());
  try {
    const workers = await startWorkers(estate, 1);
    await submit(estate, bench, [makeDeviceCsr(0)]);
    const web = await startWebProcess(estate, process.env["BENCH_WEB_OPTIONS"]);
    const client = await clientOf(estate, bench, web.url);
    const start = performance.now();
    await fill(estate, certificates, output);
    const fillSeconds = (performance.now() - start) / 1000;
    const ways: [string, MakeLookUp][] = [
      ["web process alone", nothing],
      ["web service, serial number, API key", byWebService(certificates, client.apiKey)],
      ["API, serial number, mutual TLS", bySerialNumber(certificates)],
      ["API, Device, mutual TLS", byDevice(certificates)],
    ];
    const load = [loadInWords()];
    const measured = await measure(client.connect, ways, () => processorSeconds([web.process]), output);
    load.push(loadInWords());
    const found = await filled(estate);
    await Promise.all([web.stop(), workers.stop()]);
    const server = await serverSettings(estate);
    return {
      bench: `lookup-${inShort(certificates)}`,
      measurements: measured.measurements,
      settings: {
        certificates: found.count,
        "what they are": "filler: Device Certificates in form, each with a random key and a random signature",
        "web processes": 1,
        "octets of table and indexes": found.octets,
        "seconds to fill, off the clock": Math.round(fillSeconds),
        connections: connectionCount,
        "seconds at each rate": seconds,
        latency: "from the intended moment of sending to the last octet read, client on the same processors",
        "load of the machine": load.join(" before, ").concat(" after"),
        ...measured.settings,
      },
      checks: [
        ...durabilityChecks(server, estate.paths.data),
        {
          name: "as many certificates as were asked for",
          holds: found.count >= certificates,
          found: String(found.count),
        },
        {
          name: "every answer is the certificate that was asked for",
          holds: measured.wrong === 0,
          found: `${String(measured.wrong)} wrong of ${String(measured.asked)}`,
        },
      ],
    };
  } finally {
    await closing.now();
    await bench.remove();
  }
}

const inShort = (count: number): string =>
  count % 1_000_000 === 0 ? `${String(count / 1_000_000)}m` : String(count);

const loadInWords = (): string => (loadavg()[0] ?? 0).toFixed(1);

interface Client {
  readonly apiKey: string;
  readonly connect: () => Promise<Connection[]>;
}

/** A user of the repository with an API key, and a system with a credential of mutual TLS. */
async function clientOf(estate: Estate, bench: BenchEstate, url: string): Promise<Client> {
  const supplier = await registerSupplier(estate, bench);
  const identity = await systemCredential(estate.settings.dataFolder, supplier, "look-ups");
  const { database, clock } = estate;
  const { operator, partyId } = bench;
  const apiKey = await database.transaction(async (tx) => {
    const user = await registerUser(tx, operator, { partyId, name: "look-ups" }, clock());
    return issueApiKey(tx, operator, user, clock());
  });
  const server = { url, ca: serverCa(estate) };
  return {
    apiKey,
    connect: () =>
      Promise.all(Array.from({ length: connectionCount }, () => openConnection(server, identity))),
  };
}

async function measure(
  connect: Client["connect"],
  ways: readonly [string, MakeLookUp][],
  webSeconds: () => number,
  output: Output,
) {
  const measurements: Measurement[] = [];
  const settings: Record<string, string> = {};
  const floors = new Map<number, readonly number[]>();
  let [wrong, asked] = [0, 0];
  for (const [name, make] of ways) {
    await over(connect, (connections) => lookUpAtRate(connections, 500, warmUpSeconds, make));
    for (const perSecond of offered) {
      const before = webSeconds();
      const looked = await over(connect, (connections) =>
        lookUpAtRate(connections, perSecond, seconds, make),
      );
      const used = ((webSeconds() - before) * 1000) / (perSecond * seconds);
      settings[`${name}, ${String(perSecond)} a second: processor ms a request, web`] = used.toFixed(2);
      wrong += looked.wrong;
      asked += looked.latencies.length;
      if (make === nothing) floors.set(perSecond, looked.latencies);
      measurements.push(
        ...percentiles(`${name}, ${String(perSecond)} a second`, looked, floors.get(perSecond), {
          isMost: perSecond === Math.max(...offered) && make !== nothing,
        }),
      );
      output.done(`${name}: ${String(perSecond)} a second offered`);
    }
  }
  return { measurements, settings, wrong, asked };
}

/** Opens connections for one step, and closes them: the service drops one that says nothing for long. */
async function over<Result>(
  connect: Client["connect"],
  step: (connections: readonly Connection[]) => Promise<Result>,
): Promise<Result> {
  const connections = await connect();
  try {
    return await step(connections);
  } finally {
    for (const connection of connections) connection.close();
  }
}

function percentiles(
  name: string,
  { latencies }: Looked,
  floor: readonly number[] | undefined,
  { isMost }: { readonly isMost: boolean },
): Measurement[] {
  return [0.5, 0.99].map((share) => {
    const beside =
      floor === undefined || floor === latencies
        ? undefined
        : { name: "web process alone at that rate", value: quantile(floor, share) };
    const most = isMost && share === 0.99 ? longest : undefined;
    return time(`${name}, p${String(share * 100)}`, quantile(latencies, share), "ms", beside, most);
  });
}
