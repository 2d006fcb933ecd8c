import { availableParallelism, loadavg } from "node:os";
import { openOperationalSigner } from "../../src/app/estate/key-stores.ts";
import type { Output } from "../../src/cli/output.ts";
import { durabilityChecks, serverSettings } from "../bulk/server-settings.ts";
import { foundEstate, type SignerKind } from "../estate/bench-estate.ts";
import { onExit } from "../estate/leave-nothing.ts";
import { hasSoftHsm } from "../estate/soft-token.ts";
import { type BenchResult, type Check, type Measurement, time } from "../report/measurement.ts";
import { checkLists, storedOctets } from "./checks.ts";
import { type CostOfOne, costOfOne, prepareCommits, revokedForCost } from "./cost-of-one.ts";
import { type MadeLists, makeLists } from "./make-list.ts";
import { openDesk, publish, revokeFiller } from "./prepare.ts";

/** Entries of the list at which the cost of one revocation is measured; lists are made at the last. */
const sizes = [100, 10_000, 100_000] as const;

interface CrlRun {
  readonly signer: string;
  readonly costs: readonly (CostOfOne & { readonly entries: number })[];
  /** The list with all that were revoked at once, in milliseconds. */
  readonly burst: { readonly revocations: number; readonly milliseconds: number };
  readonly made: MadeLists;
  readonly stored: number;
  readonly settings: Readonly<Record<string, string>>;
  /** Processes that wanted a processor, on the average of a minute, before the lists and after them. */
  readonly load: string;
  readonly checks: readonly Check[];
}

/** Lists of 100,000 entries, and what one revocation costs beside lists of three sizes; once for each signer. */
export async function benchCrl(output: Output): Promise<BenchResult> {
  const runs: [string, CrlRun][] = [["encrypted file", await run("encrypted-file", output)]];
  if (hasSoftHsm) runs.push(["SoftHSM2", await run("softhsm2", output)]);
  return {
    bench: "crl",
    measurements: runs.flatMap(([name, done]) => figures(name, done)),
    settings: {
      "revocations at each size": revokedForCost,
      "certificates that are revoked": "rows alone, as filler",
      ...Object.fromEntries(runs.flatMap(([name, done]) => Object.entries(about(name, done)))),
      ...runs[0]?.[1].settings,
    },
    checks: runs.flatMap(([label, { checks }]) =>
      checks.map((check) => ({ ...check, name: `${label}: ${check.name}` })),
    ),
  };
}

async function run(kind: SignerKind, output: Output): Promise<CrlRun> {
  const bench = await foundEstate(kind);
  const estate = await bench.open();
  const closing = onExit(() => estate.close());
  try {
    const signer = await openOperationalSigner(estate);
    const closingSigner = onExit(() => signer.close());
    const desk = await openDesk(estate, signer);
    await prepareCommits(desk);
    const costs: CrlRun["costs"][number][] = [];
    let burst = { revocations: 0, milliseconds: 0 };
    let entries = 0;
    for (const size of sizes) {
      const revocations = size - entries;
      await revokeFiller(desk, revocations);
      desk.later();
      const start = performance.now();
      const list = await publish(desk);
      burst = { revocations, milliseconds: performance.now() - start };
      if (list?.entries !== size) throw new Error(`a list of ${String(list?.entries)} entries`);
      costs.push({ entries: size, ...(await costOfOne(desk, bench.operator)) });
      entries = size + revokedForCost;
      output.done(`${kind}: one revocation beside ${String(size)}`);
    }
    const before = loadInWords();
    const made = await makeLists(desk);
    const load = `${before} before the lists, ${loadInWords()} after them, on ${String(availableParallelism())} processors`;
    output.done(`${kind}: lists of ${String(made.entries)}`);
    const server = await serverSettings(estate);
    const checks = [
      ...durabilityChecks(server, estate.paths.data),
      ...(await checkLists(desk, made.last, made.entries)),
    ];
    const stored = await storedOctets(desk);
    await closingSigner.now();
    return { signer: signer.description, costs, burst, made, stored, load, settings: { ...server }, checks };
  } finally {
    await closing.now();
    await bench.remove();
  }
}

function figures(name: string, { costs, burst, made }: CrlRun): Measurement[] {
  const { parts } = made;
  const least = costs[0];
  return [
    time(
      `${name}: a list, to its commit`,
      made.total,
      "ms",
      { name: "node:crypto: hash, sign and verify the same octets", value: made.floor },
      1000,
    ),
    time(`${name}: processor time of the worker for it`, made.processor, "ms"),
    time(`${name}: a list, to its checkpoint`, made.inLedger, "ms"),
    time(`${name}: revocations read, current list kept`, parts.collected, "ms"),
    time(`${name}: built, parsed, linted`, parts.built, "ms"),
    time(`${name}: signed, verified`, parts.signed, "ms"),
    time(`${name}: inserted, act recorded`, parts.publishing, "ms"),
    time(`${name}: committed`, parts.published, "ms"),
    time(`${name}: sequenced under a checkpoint`, parts.sequenced, "ms"),
    time(`${name}: longest block of the process`, made.longestBlock, "ms", undefined, 100),
    time(`${name}: a list with ${String(burst.revocations)} new at once`, burst.milliseconds, "ms"),
    ...costs.flatMap(({ entries, revocation, commit, question }) => {
      const size = entries.toLocaleString("en-GB");
      return [
        time(`${name}: one revocation beside ${size}`, revocation, "ms", {
          name: "one row committed, in turns",
          value: commit,
        }),
        time(`${name}: the question each second beside ${size}`, question, "ms", {
          name: "the same beside 100",
          value: least?.question ?? Number.NaN,
        }),
      ];
    }),
  ];
}

const loadInWords = (): string => (loadavg()[0] ?? 0).toFixed(1);

function about(name: string, { signer, made, stored, load }: CrlRun): Record<string, string | number> {
  return {
    [`${name}: signer`]: signer,
    [`${name}: load of the machine`]: load,
    [`${name}: octets of the list`]: made.octets,
    [`${name}: octets that all its lists take`]: stored,
  };
}
