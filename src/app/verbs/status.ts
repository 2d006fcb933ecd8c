import { Command } from "commander";
import { unfinishedCeremony } from "../../authorities/ceremony/account.ts";
import { authorityStanding } from "../../authorities/standing.ts";
import { table } from "../../cli/output.ts";
import { unreleasedBatches } from "../../issuance/batch-status.ts";
import { issuanceQueue } from "../../issuance/deliver.ts";
import { windowInWords } from "../../issuance/processing-window.ts";
import { newestCheckpointNote } from "../../ledger/newest-checkpoint.ts";
import { configuredWitnesses } from "../../ledger/witness/configured-witnesses.ts";
import { witnessStanding } from "../../ledger/witness/standing.ts";
import { batchTerms } from "../estate/terms.ts";
import { type EstateOptions, withEstate, withEstateOptions } from "./estate-options.ts";

/** The verb `smki status`: how the estate stands, and what needs a person. */
export function statusCommand(): Command {
  return withEstateOptions(new Command("status"))
    .description("shows how the estate stands: CAs, lists, queue, ledger, and what needs a person")
    .action((options: EstateOptions) =>
      withEstate(options, async ({ database, rules, clock, settings }, output) => {
        const configured = configuredWitnesses(settings.ledger.witnesses).map(({ verifier }) => verifier);
        const terms = batchTerms(settings, rules);
        const { standing, queue, batches, checkpoint, witnesses, unfinished } = await database.read(
          async (tx) => ({
            standing: await authorityStanding(tx, rules, clock()),
            queue: await issuanceQueue(tx),
            batches: await unreleasedBatches(tx, terms, clock()),
            checkpoint: await newestCheckpointNote(tx),
            witnesses: await witnessStanding(tx, configured),
            unfinished: await unfinishedCeremony(tx),
          }),
        );
        const { environment, edition, dataFolder } = settings;
        const { active, reserved, released, stock, retired } = standing.issuingDca;
        const [origin = "", leaves = "0"] = checkpoint.split("\n");
        const facts = [
          ["environment", `${environment}, edition ${edition}, data in ${dataFolder}`],
          [
            "Issuing DCA",
            `${active ?? "none active"}, ${String(reserved)} certificates; ${String(released)} released, ${String(stock)} in stock, ${String(retired)} retired`,
          ],
          ...standing.lists.map(({ authority, number, nextUpdate }) => [
            `list of ${authority}`,
            `number ${String(number)}, good until ${nextUpdate}`,
          ]),
          ["queue", `${String(queue.open)} chunks open, ${String(queue.held)} held`],
          [
            "batches",
            `${String(batches.uploading)} coming in, ${String(batches.pending)} await approval, ${String(batches.approved)} their check`,
          ],
          ["processing window", windowInWords(terms.window, clock())],
          ["batches approved by", terms.approval === "rule" ? "the rule batchApproval" : "a person"],
          ["ledger", `${leaves} leaves under the newest checkpoint of ${origin}`],
          ...witnesses.map(({ name, size, behind }) => [
            `witness ${name}`,
            `cosigned ${String(size)} leaves, ${String(behind)} behind`,
          ]),
        ];
        output.answer(
          {
            environment,
            edition,
            dataFolder,
            ...standing,
            queue,
            batches: { ...batches, approval: terms.approval, window: terms.window ?? "always" },
            checkpoint,
            witnesses,
            unfinishedCeremony: unfinished?.id ?? null,
          },
          table(["what", "how it stands"], facts),
        );
        for (const warning of standing.warnings) output.warn(warning);
        if (unfinished !== undefined)
          output.warn(
            `Ceremony ${String(unfinished.id)} is unfinished: \`smki ceremony resume\` or \`smki ceremony abandon\`.`,
          );
        const failing = witnesses.filter(({ failure }) => failure !== undefined);
        for (const { failure, name } of failing)
          output.warn(
            `The witness ${name} gives no cosignature: ${failure?.message ?? ""} [${failure?.code ?? ""}]`,
          );
        if (queue.held > 0) output.warn("Chunks are held for a person: see `smki queue show` and the log.");
        if (batches.pending > 0)
          output.warn("Batches await approval: see `smki queue batches`, and approve or reject them.");
        if (batches.tampered > 0)
          output.warn(
            "What was uploaded of a batch was altered in the database before it was worked on: see `smki queue batches`, and find out by whom.",
          );
        const needsNobody =
          standing.warnings.length + failing.length + queue.held + batches.pending + batches.tampered === 0;
        if (needsNobody && unfinished === undefined) output.line("Nothing needs a person.");
      }),
    );
}
