import { hash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import type { Estate } from "../../src/app/estate/estate.ts";
import { openLedgerSigner, openOperationalSigner } from "../../src/app/estate/key-stores.ts";
import { extractContext, extractFolder } from "../../src/app/processes/extracts.ts";
import type { Output } from "../../src/cli/output.ts";
import { openCopyOut } from "../../src/database/copy/copy-session.ts";
import { sequenceOnce } from "../../src/ledger/sequencer.ts";
import { makeExtracts, type WrittenExtract } from "../../src/repository/extract/make-extract.ts";
import { publishedExtracts } from "../../src/repository/extract/published.ts";
import { durabilityChecks, serverSettings } from "../bulk/server-settings.ts";
import { foundEstate } from "../estate/bench-estate.ts";
import { onExit } from "../estate/leave-nothing.ts";
import { type BenchResult, type Check, type Measurement, rate } from "../report/measurement.ts";
import { fillWithCertificates } from "./fill.ts";

/** Certificates stored when a full extract is made: the memory must be the same for both. */
const sizes = [250_000, 1_000_000] as const;
/** Megabytes a second, of rows before they are compressed. */
const toReach = 100;

interface Run {
  readonly certificates: number;
  readonly written: WrittenExtract;
  /** Megabytes a second that PostgreSQL gives the same table in its own binary format, with nothing done to it. */
  readonly floor: number;
  /** Octets that the process grew by at the most. */
  readonly growth: number;
  readonly processor: number;
}

/** Full extracts of two sizes: octets a second, and memory. */
export async function benchExtract(output: Output): Promise<BenchResult> {
  const bench = await foundEstate("encrypted-file");
  const estate = await bench.open();
  const closing = onExit(() => estate.close());
  try {
    const signer = await openOperationalSigner(estate);
    const closingSigner = onExit(() => signer.close());
    const ledger = await openLedgerSigner(estate, signer);
    const runs: Run[] = [];
    let filled = 0;
    for (const size of sizes) {
      await fillWithCertificates(estate.database, filled, size - filled);
      filled = size;
      await estate.database.transaction((tx) => sql`delete from extract`.execute(tx));
      await sequenceOnce({ database: estate.database, signer: ledger, clock: estate.clock });
      runs.push(await measure(estate, size));
      output.done(`full extract of ${size.toLocaleString("en-GB")}`);
    }
    const server = await serverSettings(estate);
    const checks = [...durabilityChecks(server, estate.paths.data), ...(await checkNewest(estate, filled))];
    await closingSigner.now();
    return {
      bench: "extract",
      measurements: runs.flatMap(figures),
      settings: {
        certificates: "filler of 376 octets, without acts: it cannot be verified against the ledger",
        compression: "zstd, level 1",
        ...server,
      },
      checks,
    };
  } finally {
    await closing.now();
    await bench.remove();
  }
}

async function measure(estate: Estate, certificates: number): Promise<Run> {
  const floor = await binaryCopy(estate);
  const stop = new AbortController();
  const before = process.memoryUsage().rss;
  const watching = watchMemory(stop.signal);
  const written: WrittenExtract[] = [];
  const processor = process.cpuUsage();
  await makeExtracts({ ...extractContext(estate, "bench"), onWritten: (one) => written.push(one) }, "full");
  const { user, system } = process.cpuUsage(processor);
  stop.abort();
  const [one] = written;
  if (one === undefined) throw new Error("no extract was made");
  return {
    certificates,
    written: one,
    floor,
    growth: (await watching) - before,
    processor: (user + system) / 1e6,
  };
}

async function binaryCopy({ database, connectionString }: Estate): Promise<number> {
  return database.read(
    async (tx) => {
      const { rows } = await sql<{ snapshot: string }>`select pg_export_snapshot() as snapshot`.execute(tx);
      const copy = await openCopyOut({ connectionString }, rows[0]?.snapshot ?? "", "bench");
      try {
        const begun = performance.now();
        let octets = 0;
        const columns = ["serial_number", "kind", "usage", "subject_identifier", "lodged_at", "certificate"];
        for await (const chunk of copy.read({ name: "certificate", columns }) as AsyncIterable<Buffer>)
          octets += chunk.length;
        return octets / 1e3 / (performance.now() - begun);
      } finally {
        await copy.close();
      }
    },
    { snapshot: true },
  );
}

/** The most memory that the process had, in octets. */
async function watchMemory(stop: AbortSignal): Promise<number> {
  let most = 0;
  while (!stop.aborted) {
    most = Math.max(most, process.memoryUsage().rss);
    await sleep(50, undefined, { signal: stop }).catch(() => undefined);
  }
  return most;
}

function figures({ certificates, written, floor, growth, processor }: Run): Measurement[] {
  const { rowOctets, fileOctets, milliseconds } = written;
  const speed = rowOctets / 1e3 / milliseconds;
  const of = `full extract of ${certificates.toLocaleString("en-GB")}`;
  return [
    {
      ...rate(of, speed, "MB/s", {
        name: "COPY of the same table in binary, and nothing else",
        value: floor,
      }),
      target: `>= ${String(toReach)} MB/s`,
      reached: speed >= toReach,
    },
    { name: `${of}: by the processor time of the process`, value: rowOctets / 1e6 / processor, unit: "MB/s" },
    { name: `${of}: certificates`, value: certificates / (milliseconds / 1000), unit: "/s" },
    { name: `${of}: size of its files, of that of its rows`, value: fileOctets / rowOctets, unit: "" },
    { name: `${of}: memory that the process grew by`, value: growth / 1e6, unit: "MB" },
  ];
}

async function checkNewest(estate: Estate, certificates: number): Promise<Check[]> {
  const folder = extractFolder(estate);
  const newest = (await publishedExtracts(estate.database, folder)).at(-1);
  const manifest = JSON.parse(readFileSync(join(folder, newest?.name ?? "", "manifest.json"), "utf8")) as {
    files: { rows: string; name: string; count: number; octets: number; sha256: string }[];
  };
  const rows = manifest.files
    .filter((file) => file.rows === "certificates")
    .reduce((sum, { count }) => sum + count, 0);
  const whole = manifest.files.every(({ name, octets, sha256 }) => {
    const file = join(folder, newest?.name ?? "", name);
    return statSync(file).size === octets && hash("sha256", readFileSync(file), "hex") === sha256;
  });
  return [
    // The CAs' own certificates stand beside the filler.
    {
      name: "every certificate is in the extract",
      holds: rows > certificates && rows < certificates + 100,
      found: String(rows),
    },
    { name: "each file has the octets and SHA-256 of the manifest", holds: whole, found: String(whole) },
  ];
}
