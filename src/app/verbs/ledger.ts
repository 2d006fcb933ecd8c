import { Command } from "commander";
import { printable } from "../../certificates/index.ts";
import { wholeNumber } from "../../cli/arguments.ts";
import { readExactText } from "../../cli/input-file.ts";
import { createOutput, type Output } from "../../cli/output.ts";
import { CopyFolder } from "../../ledger/copy/copy-folder.ts";
import { verifyCopy } from "../../ledger/copy/verify-copy.ts";
import { formatLedgerReport } from "../../ledger/ledger-report.ts";
import { shownCheckpointNote } from "../../ledger/newest-checkpoint.ts";
import { readActs } from "../../ledger/read-ledger.ts";
import type { LedgerReport } from "../../ledger/verify-ledger.ts";
import { verifyEstate } from "../estate/verify.ts";
import { type EstateOptions, withEstate, withEstateOptions } from "./estate-options.ts";
import { leafProgress } from "./leaf-progress.ts";
import { copyCommand } from "./ledger-copy.ts";
import { witnessesCommand } from "./ledger-witnesses.ts";

/** The verb `smki ledger`: the tamper-evident record of every act. */
export function ledgerCommand(): Command {
  return new Command("ledger")
    .description("verifies, copies and shows the tamper-evident record of every act")
    .addCommand(verifyCommand())
    .addCommand(copyCommand())
    .addCommand(checkpointCommand())
    .addCommand(showCommand())
    .addCommand(witnessesCommand());
}

interface VerifyOptions extends EstateOptions {
  readonly against?: readonly string[];
  readonly copy?: string;
  readonly key?: string;
}

function verifyCommand(): Command {
  return withEstateOptions(new Command("verify"))
    .description(
      "works the whole ledger out again, the estate's both ways against the certificates; exits 1 if anything does not hold",
    )
    .option("--copy <folder>", "verifies this copy of a ledger, off line, and needs no estate")
    .option("--key <file>", "with --copy: the ledger's verifier key, from where the operator publishes it")
    .option("--against <file...>", "signed checkpoints that were kept elsewhere, cosigned or not")
    .addHelpText("after", verifyHelp)
    .action(async (options: VerifyOptions) => {
      const outside = (options.against ?? []).map(readExactText);
      if (options.copy !== undefined) return verifyCopied(options.copy, options, outside);
      return withEstate(options, async (estate, output) => {
        const size = sizeOf(await estate.database.read((tx) => shownCheckpointNote(tx, 0)));
        const report = await leafProgress(output, "leaves", size, (onProgress) =>
          verifyEstate(estate, outside, onProgress),
        );
        answer(output, report);
      });
    });
}

const verifyHelp = `
Keep a checkpoint outside the machine now and then: with it, a database that was put back to an earlier state, and a
history that was rewritten and signed again, are found out too.

Examples:
  smki ledger checkpoint > checkpoint-2026-11-23.txt
  smki ledger verify --against checkpoint-2026-11-23.txt
  smki ledger verify --copy ledger-copy --key ledger-verifier-key.txt --against checkpoint-2026-11-23.txt`;

async function verifyCopied(
  folder: string,
  { key, json }: VerifyOptions,
  knownCheckpoints: readonly string[],
): Promise<void> {
  const output = createOutput(json);
  const size = (await new CopyFolder(folder).newestCheckpoint())?.size ?? 0;
  const verifierKey = key === undefined ? {} : { verifierKey: readExactText(key) };
  const report = await leafProgress(output, "leaves", size, (onProgress) =>
    verifyCopy(folder, { ...verifierKey, knownCheckpoints, onProgress }),
  );
  answer(output, report);
  if (key === undefined)
    output.warn("checked with the key in the copy itself, which whoever made the copy chose: give --key");
}

function answer(output: Output, report: LedgerReport): void {
  output.answer(report, formatLedgerReport(report).trimEnd());
  if (!report.holds) process.exitCode = 1;
}

/** The size that a checkpoint states; 0 for none. */
const sizeOf = (note: string): number => Number(note.split("\n")[1] ?? 0);

function checkpointCommand(): Command {
  return withEstateOptions(new Command("checkpoint"))
    .description("prints the newest signed checkpoint, a C2SP note with its witnesses' cosignatures")
    .addHelpText("after", "\nExample:\n  smki ledger checkpoint > checkpoint-2026-11-23.txt")
    .action((options: EstateOptions) =>
      withEstate(options, async ({ database, settings }, output) => {
        const checkpoint = await database.read((tx) => shownCheckpointNote(tx, settings.ledger.quorum));
        output.answer({ checkpoint }, checkpoint.trimEnd());
      }),
    );
}

interface ShowOptions extends EstateOptions {
  readonly from: number;
  readonly limit: number;
}

function showCommand(): Command {
  return withEstateOptions(new Command("show"))
    .description("lists acts in the order of their leaves")
    .option("--from <leaf>", "the first leaf", wholeNumber(0, Number.MAX_SAFE_INTEGER), 0)
    .option("--limit <number>", "acts at most", wholeNumber(1, 10_000), 100)
    .addHelpText("after", "\nExample:\n  smki ledger show --from 1000 --limit 20")
    .action((options: ShowOptions) =>
      withEstate(options, async ({ database }, output) => {
        const acts = await database.read((tx) => readActs(tx, options.from, options.limit));
        const lines = acts.map(({ leaf, act }) => {
          const subject = JSON.stringify(act.subject);
          return printable(`${String(leaf)}  ${act.at.toISOString()}  ${act.kind}  by ${act.by}  ${subject}`);
        });
        const listed = acts.map(({ leaf, act }) => ({ leaf, ...act }));
        output.answer(listed, lines.length === 0 ? "no acts there" : lines.join("\n"));
      }),
    );
}
