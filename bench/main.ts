import { Command, InvalidArgumentError } from "commander";
import { createOutput, type Output, tellError } from "../src/cli/output.ts";
import { benchAdHoc } from "./ad-hoc/bench.ts";
import { benchBatch, benchWholeNight } from "./batch/bench.ts";
import { benchBulk } from "./bulk/bench.ts";
import { benchCrl } from "./crl/bench.ts";
import { leaveNothing, leaveNothingOnSignals } from "./estate/leave-nothing.ts";
import { benchExtract } from "./extract/bench.ts";
import { benchFloor } from "./floor/bench.ts";
import { benchGrowth } from "./growth/bench.ts";
import { benchIssueCode } from "./issue-code/bench.ts";
import { benchLookup } from "./lookup/bench.ts";
import { benchMessages } from "./messages/bench.ts";
import { describeMachine } from "./report/machine.ts";
import type { BenchResult } from "./report/measurement.ts";
import { formatResult } from "./report/print.ts";
import { benchSingleIssue } from "./single-issue/bench.ts";
import { benchStartUp } from "./start-up/bench.ts";

/** What every bench may be asked for. */
interface BenchOptions {
  readonly json?: boolean;
  readonly count: number;
  readonly certificates: number;
}

/** Every bench by its name, in the order in which all of them run. */
const benches: Readonly<Record<string, (output: Output, options: BenchOptions) => Promise<BenchResult>>> = {
  floor: benchFloor,
  "issue-code": benchIssueCode,
  "single-issue": benchSingleIssue,
  "bulk-50000": benchBulk,
  "batch-50000": benchBatch,
  "batch-375000": benchWholeNight,
  "ad-hoc": benchAdHoc,
  crl: benchCrl,
  extract: benchExtract,
  "lookup-10m": benchLookup,
  growth: benchGrowth,
  messages: benchMessages,
  "start-up": benchStartUp,
};

function countOf(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1)
    throw new InvalidArgumentError("a count of at least 1 is expected");
  return count;
}

const program = new Command("npm run bench --")
  .description("Measures OpenSMKI against the floor of this machine, in one run")
  .argument("[name]", `one of ${Object.keys(benches).join(", ")}; all of them without a name`)
  .option("--json", "answers in JSON")
  .option(
    "--count <certificates>",
    "certificates of a bulk run or of a batch; batch-375000 sends 7.5 such batches",
    countOf,
    50_000,
  )
  .option(
    "--certificates <number>",
    "certificates stored: as many lookup-10m looks up in, and growth grows up to",
    countOf,
    10_000_000,
  )
  .action(async (name: string | undefined, options: BenchOptions) => {
    const output = createOutput(options.json);
    const chosen = name === undefined ? Object.entries(benches) : [[name, benches[name]] as const];
    const results: BenchResult[] = [];
    for (const [, bench] of chosen) {
      if (bench === undefined) throw new Error(`no bench is called ${String(name)}`);
      const result = await bench(output, options);
      results.push(result);
      output.line(formatResult(result));
    }
    output.answer({ machine: describeMachine(), results });
    const failed = results.some(({ checks }) => checks.some(({ holds }) => !holds));
    // A figure below its target is told; a run whose checks fail has no figures at all.
    process.exitCode = failed ? 1 : 0;
  });

leaveNothingOnSignals();
try {
  await program.parseAsync(process.argv);
} catch (error) {
  process.exitCode = tellError(error);
} finally {
  await leaveNothing();
}
