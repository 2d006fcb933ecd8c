import { Command, InvalidArgumentError } from "commander";
import { createOutput, tellError } from "../src/cli/output.ts";
import { killTable, whatHeld } from "./report.ts";
import { type Kill, KillFailure, runKills } from "./run.ts";
import { subjects } from "./subjects/all.ts";

interface TortureOptions {
  readonly seed: number;
  readonly kills: number;
  readonly from: number;
  readonly set: number;
  readonly lanes: number;
  readonly only?: string;
}

function numberOf(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new InvalidArgumentError("a whole number of at least 1 is expected");
  return number;
}

function subjectsOf(only: string | undefined) {
  const names = only?.split(",") ?? Object.keys(subjects);
  return names.map((name) => {
    const make = subjects[name];
    if (make === undefined)
      throw new InvalidArgumentError(
        `no subject is called ${name}; they are ${Object.keys(subjects).join(", ")}`,
      );
    return [name, make] as const;
  });
}

const program = new Command("npm run torture --")
  .description("Kills OpenSMKI at every named step, again and again, and checks that nothing is lost")
  .option("--seed <number>", "the seed of what is killed where", numberOf, Math.floor(Date.now() / 1000))
  .option("--kills <number>", "kills in all", numberOf, 1_000)
  .option("--from <number>", "begin with the set of this kill, to repeat a failure", numberOf, 1)
  .option("--only <subjects>", `some of ${Object.keys(subjects).join(",")}`)
  .option("--set <number>", "kills on one estate", numberOf, 25)
  .option("--lanes <number>", "subjects at the same time", numberOf, 2)
  .action(async ({ seed, kills, from, set, lanes, only }: TortureOptions) => {
    const output = createOutput();
    const chosen = subjectsOf(only);
    const repeat = `npm run torture -- --seed ${String(seed)} --kills ${String(kills)} --set ${String(set)} --only ${chosen.map(([name]) => name).join(",")}`;
    output.line(repeat);
    const made: Kill[] = [];
    const stop = new AbortController();
    for (const signal of ["SIGINT", "SIGTERM"] as const)
      process.once(signal, () => {
        stop.abort();
      });
    const began = performance.now();
    try {
      const run = (advance: () => void) =>
        runKills({
          seed,
          kills,
          from,
          killsOfOneSite: set,
          lanes,
          stop: stop.signal,
          subjects: chosen,
          onKill: (kill) => {
            made.push(kill);
            advance();
            if (made.length % 20 === 0)
              process.stderr.write(`${String(made.length)} kills, ${minutesSince(began)} min\n`);
          },
        });
      await output.progress("kills", kills - from + 1, run);
      output.line(killTable(made));
      output.line(`${String(made.length)} kills in ${minutesSince(began)} min; after each of them:`);
      for (const held of whatHeld) output.done(held);
    } catch (error) {
      output.line(killTable(made));
      if (error instanceof KillFailure) output.warn(`to repeat it: ${repeat} --from ${String(error.number)}`);
      throw error;
    }
  });

const minutesSince = (began: number): string => ((performance.now() - began) / 60_000).toFixed(1);

try {
  await program.parseAsync(process.argv);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  // Whatever still waits for something that does not come is not waited for.
  process.exit(tellError(error));
}
