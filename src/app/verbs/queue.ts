import { Command } from "commander";
import { wholeNumber } from "../../cli/arguments.ts";
import { table } from "../../cli/output.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import { issuanceQueue } from "../../issuance/deliver.ts";
import { heldChunks, resumeAll, resumeChunk } from "../../issuance/held-chunks.ts";
import { type EstateOptions, withEstate, withEstateOptions } from "./estate-options.ts";
import { operatorAtMachine } from "./operator.ts";

/** The verb `smki queue`: what waits to be issued, and what waits for a person. */
export function queueCommand(): Command {
  return new Command("queue")
    .description("shows the chunks of CSRs that wait, and lets held ones go on")
    .addCommand(showCommand())
    .addCommand(resumeCommand());
}

function showCommand(): Command {
  return withEstateOptions(new Command("show"))
    .description("shows how many chunks wait for a worker, and which are held for a person")
    .action((options: EstateOptions) =>
      withEstate(options, async ({ database }, output) => {
        const { queue, held } = await database.read(async (tx) => ({
          queue: await issuanceQueue(tx),
          held: await heldChunks(tx),
        }));
        const rows = held.map(({ id, batchId }) => [String(id), String(batchId)]);
        output.answer(
          { ...queue, chunks: held },
          [
            `${String(queue.open)} chunks wait for a worker or an Issuing DCA, ${String(queue.held)} are held.`,
            ...(rows.length === 0 ? [] : [table(["held chunk", "of batch"], rows)]),
          ].join("\n"),
        );
      }),
    );
}

function resumeCommand(): Command {
  return withEstateOptions(new Command("resume"))
    .description("lets held chunks go on, once what held them has been put right; the log says what that was")
    .argument("[chunk]", "the number of one", wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .option("--all", "every chunk that is held")
    .action((chunk: number | undefined, options: EstateOptions & { readonly all?: true }) =>
      withEstate(options, async ({ database, clock }, output) => {
        if ((chunk === undefined) === (options.all === undefined)) throw new SmkiError("CHUNK_NOT_NAMED");
        const by = operatorAtMachine();
        if (chunk === undefined) {
          const resumed = await database.transaction((tx) => resumeAll(tx, by, clock()));
          output.answer({ resumed }, `${String(resumed.length)} chunks go on.`);
          return;
        }
        await database.transaction((tx) => resumeChunk(tx, by, chunk, clock()));
        output.answer({ resumed: [chunk] }, `Chunk ${String(chunk)} goes on.`);
      }),
    );
}
