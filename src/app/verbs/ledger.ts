import { Command } from "commander";
import { readInputFile } from "../../cli/input-file.ts";
import { formatLedgerReport } from "../../ledger/ledger-report.ts";
import { newestCheckpointNote } from "../../ledger/newest-checkpoint.ts";
import { verifyEstate } from "../estate/verify.ts";
import { type EstateOptions, withEstate, withEstateOptions } from "./estate-options.ts";

/** The verb `smki ledger`: the tamper-evident record of every act. */
export function ledgerCommand(): Command {
  return new Command("ledger")
    .description("verifies the tamper-evident record of every act, or shows its newest checkpoint")
    .addCommand(verifyCommand())
    .addCommand(checkpointCommand());
}

function verifyCommand(): Command {
  return withEstateOptions(new Command("verify"))
    .description(
      "works the whole ledger out again, both ways against the certificates; exits 1 if anything does not hold",
    )
    .option("--against <file...>", "signed checkpoints that were kept elsewhere")
    .addHelpText(
      "after",
      "\nKeep a checkpoint outside the machine now and then (`smki ledger checkpoint > FILE`): with it, a database\nthat was put back to an earlier state is found out too.",
    )
    .action((options: EstateOptions & { against?: string[] }) =>
      withEstate(options, async (estate, output) => {
        const outside = (options.against ?? []).map(readInputFile);
        const report = await verifyEstate(estate, outside);
        output.answer(report, formatLedgerReport(report).trimEnd());
        if (!report.holds) process.exitCode = 1;
      }),
    );
}

function checkpointCommand(): Command {
  return withEstateOptions(new Command("checkpoint"))
    .description("prints the newest signed checkpoint, a C2SP note")
    .action((options: EstateOptions) =>
      withEstate(options, async ({ database }, output) => {
        const checkpoint = await database.read(newestCheckpointNote);
        output.answer({ checkpoint }, checkpoint.trimEnd());
      }),
    );
}
