import { Command } from "commander";
import { wholeNumber } from "../../cli/arguments.ts";
import { table } from "../../cli/output.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import { approveBatch, rejectBatch } from "../../issuance/approve-batch.ts";
import { waitingBatches } from "../../issuance/batch-status.ts";
import { issuanceQueue } from "../../issuance/deliver.ts";
import { heldChunks, resumeAll, resumeChunk } from "../../issuance/held-chunks.ts";
import { portalUses } from "../../issuance/portal-use.ts";
import { type ChannelTimes, responseTimes, type Spread } from "../../issuance/response-times.ts";
import { serviceUses } from "../../issuance/service-use.ts";
import { batchTerms } from "../estate/terms.ts";
import { type EstateOptions, withEstate, withEstateOptions } from "./estate-options.ts";
import { operatorAtMachine } from "./operator.ts";
import { partyNames } from "./party-names.ts";

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
Appendix M 1.2 has it, when the checks were over; both until the answer was sent or could be fetched. A single CSR that
has no answer yet counts as late as soon as the target is over.`,
    )
    .action((options: EstateOptions & { readonly days: number }) =>
      withEstate(options, async ({ database, clock, rules }, output) => {
        const at = clock();
        const since = new Date(at.getTime() - options.days * 86_400_000);
        const times = await database.read((tx) => responseTimes(tx, rules, since, at));
        const rows = times.channels.map(({ channel, kind, answers, ...of }) => [
          channel,
          kind,
          String(answers),
          inSeconds(of.sinceLastOctet),
          inSeconds(of.sinceAccepted),
          kind === "batch" ? "" : shareWithin({ answers, ...of }),
          kind === "batch" ? "" : String(of.unanswered),
        ]);
        const head = [
          "channel",
          "of",
          "answers",
          "from last octet",
          "from receipt",
          "within",
          "no answer yet",
        ];
        output.answer(
          times,
          rows.length === 0
            ? "Nothing was answered in that time."
            : `${table(head, rows)}\n\nSeconds: median / 99 of 100 / longest. Target for a single CSR: ${String(times.target)} s.`,
        );
      }),
    );
}

const inSeconds = (spread: Spread | null): string =>
  spread === null
    ? ""
    : [spread.median, spread.p99, spread.longest].map((seconds) => seconds.toFixed(3)).join(" / ");

function shareWithin({ answers, within, overdue }: Pick<ChannelTimes, "answers" | "within" | "overdue">) {
  const judged = answers + overdue;
  return judged === 0 ? "" : `${((100 * within) / judged).toFixed(2)} %`;
}

const batchNumber = () => wholeNumber(1, Number.MAX_SAFE_INTEGER);

function batchesCommand(): Command {
  return withEstateOptions(new Command("batches"))
    .description("shows the Batched CSRs that await approval, their check or their turn, or were altered")
    .action((options: EstateOptions) =>
      withEstate(options, async ({ database, clock, settings, rules }, output) => {
        const terms = batchTerms(settings, rules);
        const { batches, nameOf } = await database.read(async (tx) => ({
          batches: await waitingBatches(tx, terms, clock()),
          nameOf: await partyNames(tx),
        }));
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
                shown.map((row) =>
                  Object.values({ ...row, party: row.party === null ? "" : nameOf(row.party) }).map(String),
                ),
              ),
        );
      }),
    );
}

function allowancesCommand(): Command {
  return withEstateOptions(new Command("allowances"))
    .description(
      "shows what Parties sent and asked in 24 hours, against Appendix N; nothing is refused for it",
    )
    .addHelpText(
      "after",
      `
Appendix N asks this of the Parties: 3.1.1, what they send by the portal; 3.1.2, how soon one CSR of the Ad Hoc Device
CSR Web Service comes after another; 3.1.3, not to poll for a batch before its time, more than hourly by night, or after
the results. A batch counts with all its polls when the last of them was in that time.`,
    )
    .action((options: EstateOptions) =>
      withEstate(options, async ({ database, clock, rules }, output) => {
        const at = clock();
        const { portal, services, nameOf } = await database.read(async (tx) => ({
          nameOf: await partyNames(tx),
          portal: await portalUses(tx, rules, at),
          services: await serviceUses(tx, rules, at),
        }));
        const told = ({ csrs, allowance }: { csrs: number; allowance: number }) =>
          `${String(csrs)} of ${String(allowance)}${csrs > allowance ? ", above" : ""}`;
        const byPortal = portal.map(({ partyId, batched, single }) => [
          nameOf(partyId),
          told(batched),
          told(single),
        ]);
        const byService = services.map(({ partyId, adHoc, polls }) => [
          nameOf(partyId),
          ...[adHoc.csrs, adHoc.tooSoon].map(String),
          ...[polls.polls, polls.early, polls.frequent, polls.repeated].map(String),
        ]);
        const head = ["Party", "ad hoc CSRs", "too soon", "polls", "early", "too often", "after the results"];
        output.answer(
          { parties: portal, services },
          [
            byPortal.length === 0
              ? "Nobody sent CSRs by the portal in the last 24 hours."
              : table(["Party", "CSRs in batch files", "single CSRs"], byPortal),
            byService.length === 0
              ? "Nobody used the web services in the last 24 hours."
              : table(head, byService),
          ].join("\n\n"),
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
