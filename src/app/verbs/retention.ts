import { Command } from "commander";
import { checkArchives } from "../../backup/retention/check-archives.ts";
import {
  destroyArchive,
  onlineSince,
  retentionStatus,
  runRetention,
} from "../../backup/retention/retention.ts";
import { wholeNumber } from "../../cli/arguments.ts";
import { table } from "../../cli/output.ts";
import { retentionOf } from "../processes/retention.ts";
import { type EstateOptions, withEstate, withEstateOptions } from "./estate-options.ts";
import { operatorAtMachine } from "./operator.ts";

/** The verb `smki retention`: what is kept on line, what is archived, what is due for destruction. */
export function retentionCommand(): Command {
  return new Command("retention")
    .description("shows what is archived, archives what is due, destroys what was kept for long enough")
    .addCommand(statusCommand())
    .addCommand(runCommand())
    .addCommand(destroyCommand());
}

function statusCommand(): Command {
  return withEstateOptions(new Command("status"))
    .description("shows every archive and until when it is kept")
    .option("--check", "holds each of them against the ledger, and exits 1 if one is missing or altered")
    .action((options: EstateOptions & { readonly check?: true }) =>
      withEstate(options, async (estate, output) => {
        const context = retentionOf(estate, operatorAtMachine().name);
        const archives = await retentionStatus(context);
        const damaged = options.check === true ? await checkArchives(context) : undefined;
        const since = onlineSince(context).toISOString();
        const rows = archives.map(
          ({ id, firstFinishedAt, lastFinishedAt, intents, chunks, keptUntil, state }) => [
            String(id),
            `${day(firstFinishedAt)} to ${day(lastFinishedAt)}`,
            `${String(intents)} intents, ${String(chunks)} chunks of CSRs`,
            day(keptUntil),
            state,
          ],
        );
        output.answer(
          { onlineSince: since, archives, ...(damaged === undefined ? {} : { damaged }) },
          [
            `Records that were finished since ${since} are on line.`,
            rows.length === 0
              ? "Nothing is archived yet."
              : table(["archive", "of", "holds", "kept until", "state"], rows),
          ].join("\n"),
        );
        const due = archives.filter(({ state }) => state === "due for destruction");
        for (const { id } of due)
          output.warn(
            `Archive ${String(id)} was kept for long enough: \`smki retention destroy ${String(id)}\`.`,
          );
        for (const { archive, what } of damaged ?? []) output.warn(`Archive ${String(archive)}: ${what}.`);
        if ((damaged?.length ?? 0) > 0) process.exitCode = 1;
      }),
    );
}

function runCommand(): Command {
  return withEstateOptions(new Command("run"))
    .description("archives what is due now; a running service does so each day by itself")
    .action((options: EstateOptions) =>
      withEstate(options, async (estate, output) => {
        const archive = await runRetention(retentionOf(estate, operatorAtMachine().name));
        output.answer(
          { archive: archive ?? null },
          archive === undefined
            ? "Nothing is due."
            : `Archive ${String(archive.id)} made: ${String(archive.intents)} intents, ${String(archive.chunks)} chunks of CSRs. SHA-256 ${archive.digest}`,
        );
      }),
    );
}

function destroyCommand(): Command {
  return withEstateOptions(new Command("destroy"))
    .description("destroys an archive that was kept for long enough, for ever")
    .argument("<archive>", "its number", wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .action((id: number, options: EstateOptions) =>
      withEstate(options, async (estate, output) => {
        await destroyArchive(retentionOf(estate, operatorAtMachine().name), id);
        output.answer({ destroyed: id }, `Archive ${String(id)} is destroyed; the ledger says so.`);
      }),
    );
}

const day = (date: Date): string => date.toISOString().slice(0, 10);
