import { Command } from "commander";
import { wholeNumber } from "../../cli/arguments.ts";
import { table } from "../../cli/output.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import { approveBatch, rejectBatch } from "../../issuance/approve-batch.ts";
import { waitingBatches } from "../../issuance/batch-status.ts";
import { issuanceQueue } from "../../issuance/deliver.ts";
import { heldChunks, resumeAll, resumeChunk } from "../../issuance/held-chunks.ts";
import { portalUses } from "../../issuance/portal-use.ts";
import { responseTimes, type Spread } from "../../issuance/response-times.ts";
import { batchTerms } from "../estate/terms.ts";
import { type EstateOptions, withEstate, withEstateOptions } from "./estate-options.ts";
import { operatorAtMachine } from "./operator.ts";

/** The verb `smki queue`: what waits to be issued, and what waits for a person. */
export function queueCommand(): Command {
  return new Command("queue")
    .description("shows what of the CSRs waits, approves batches, and lets held chunks go on")
    .addCommand(showCommand())
    .addCommand(resumeCommand())
    .addCommand(batchesCommand())
    .addCommand(allowancesCommand())
    .addCommand(timesCommand())
    .addCommand(approveCommand())
    .addCommand(rejectCommand());
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

function timesCommand(): Command {
  return withEstateOptions(new Command("times"))
    .description("shows how long answers to CSRs took, beside the target for a single one (SEC L8.1(a))")
    .option("--days <number>", "of what was received in so many days", wholeNumber(1, 366), 1)
    .addHelpText(
      "after",
      `
Each is measured twice: from the last octet of the request, on which the target is judged, and from receipt as SEC
Appendix M 1.2 has it, when the checks were over; both until the answer was sent or could be fetched.`,
    )
    .action((options: EstateOptions & { readonly days: number }) =>
      withEstate(options, async ({ database, clock, rules }, output) => {
        const since = new Date(clock().getTime() - options.days * 86_400_000);
        const times = await database.read((tx) => responseTimes(tx, rules, since));
        const inSeconds = ({ median, p99, longest }: Spread) =>
          [median, p99, longest].map((seconds) => seconds.toFixed(3)).join(" / ");
        const rows = times.channels.map(({ channel, kind, answers, within, ...of }) => [
          channel,
          kind,
          String(answers),
          inSeconds(of.sinceLastOctet),
          inSeconds(of.sinceAccepted),
          kind === "batch" ? "" : `${((100 * within) / answers).toFixed(2)} %`,
        ]);
        const head = ["channel", "of", "answers", "from last octet", "from receipt", "within"];
        output.answer(
          times,
          rows.length === 0
            ? "Nothing was answered in that time."
            : `${table(head, rows)}\n\nSeconds: median / 99 of 100 / longest. Target for a single CSR: ${String(times.target)} s.`,
        );
      }),
    );
}

const batchNumber = () => wholeNumber(1, Number.MAX_SAFE_INTEGER);

function batchesCommand(): Command {
  return withEstateOptions(new Command("batches"))
    .description("shows the Batched CSRs that await approval, their check or their turn, or were altered")
    .action((options: EstateOptions) =>
      withEstate(options, async ({ database, clock, settings, rules }, output) => {
        const terms = batchTerms(settings, rules);
        const batches = await database.read((tx) => waitingBatches(tx, terms, clock()));
        const shown = batches.map(
          ({ id, status, channel, partyId, requestCount, receivedAt, requestedBy }) => ({
            ...{ batch: id, status, channel, party: partyId ?? null, requests: requestCount },
            ...{ receivedAt: receivedAt.toISOString(), requestedBy },
          }),
        );
        const head = ["batch", "status", "channel", "of Party", "CSRs", "received", "by"];
        output.answer(
          { batches: shown },
          shown.length === 0
            ? "No Batched CSR waits."
            : table(
                head,
                shown.map((row) => Object.values(row).map(String)),
              ),
        );
      }),
    );
}

function allowancesCommand(): Command {
  return withEstateOptions(new Command("allowances"))
    .description("shows what Parties sent by the portal in 24 hours, against Appendix N; nothing is refused")
    .action((options: EstateOptions) =>
      withEstate(options, async ({ database, clock, rules }, output) => {
        const uses = await database.read((tx) => portalUses(tx, rules, clock()));
        const told = ({ csrs, allowance }: { csrs: number; allowance: number }) =>
          `${String(csrs)} of ${String(allowance)}${csrs > allowance ? ", above" : ""}`;
        const rows = uses.map(({ partyId, batched, single }) => [
          String(partyId),
          told(batched),
          told(single),
        ]);
        output.answer(
          { parties: uses },
          rows.length === 0
            ? "Nobody sent CSRs by the portal in the last 24 hours."
            : table(["Party", "CSRs in batch files", "single CSRs"], rows),
        );
      }),
    );
}

function approveCommand(): Command {
  return withEstateOptions(new Command("approve"))
    .description("approves a batch that awaits it; not one that you sent yourself")
    .argument("<batch>", "its number", batchNumber())
    .option("--reason <text>", "why, for the record")
    .action((batch: number, options: EstateOptions & { readonly reason?: string }) =>
      withEstate(options, async ({ database, clock }, output) => {
        const by = operatorAtMachine();
        await database.transaction((tx) => approveBatch(tx, by, batch, options.reason, clock()));
        output.answer({ approved: batch }, `Batch ${String(batch)} is approved, and goes on.`);
      }),
    );
}

function rejectCommand(): Command {
  return withEstateOptions(new Command("reject"))
    .description("rejects a batch that awaits approval, for ever; not one that you sent yourself")
    .argument("<batch>", "its number", batchNumber())
    .requiredOption("--reason <text>", "why, for the record")
    .action((batch: number, options: EstateOptions & { readonly reason: string }) =>
      withEstate(options, async ({ database, clock }, output) => {
        const by = operatorAtMachine();
        await database.transaction((tx) => rejectBatch(tx, by, batch, options.reason, clock()));
        output.answer({ rejected: batch }, `Batch ${String(batch)} is rejected.`);
      }),
    );
}
