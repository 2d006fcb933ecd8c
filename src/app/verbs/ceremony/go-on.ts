import { Command } from "commander";
import { listAuthorities } from "../../../authorities/authorities.ts";
import {
  type CeremonyAccount,
  readCeremony,
  unfinishedCeremony,
} from "../../../authorities/ceremony/account.ts";
import { purposeTitle } from "../../../authorities/ceremony/ceremony-order.ts";
import { requireWitnesses } from "../../../authorities/ceremony/sitting.ts";
import type { Output } from "../../../cli/output.ts";
import { SmkiError } from "../../../errors/smki-error.ts";
import { abandonCeremonyIn, type FiledCeremony, resumeCeremonyIn } from "../../estate/ceremony-room.ts";
import type { Estate } from "../../estate/estate.ts";
import { hierarchyTerms } from "../../estate/terms.ts";
import { withEstate } from "../estate-options.ts";
import { confirm } from "./confirm.ts";
import { type SittingOptions, sittingOf, withSittingOptions } from "./options.ts";
import { type StepByStepOptions, stepByStep, withStepByStep } from "./step-by-step.ts";

interface GoOnOptions extends SittingOptions, StepByStepOptions {
  readonly yes?: boolean;
}

/** `smki ceremony resume`: goes on with the ceremony that was interrupted. */
export function resumeCommand(): Command {
  return withStepByStep(withSittingOptions(new Command("resume")))
    .description("goes on with the ceremony that was interrupted, to its signed record")
    .action((options: GoOnOptions) =>
      withEstate(options, async (estate, output) => {
        const { order } = await tellUnfinished(estate, options, output);
        const record = await resumeCeremonyIn(estate, sittingOf(options), {
          onStep: output.done,
          ...stepByStep(options, order, hierarchyTerms(estate.settings, estate.rules)),
        });
        const dcas = await estate.database.read((tx) => listAuthorities(tx, "issuing-dca"));
        output.answer(answerOf(record), recordIsIn(record));
        if (!dcas.some(({ state }) => state === "active" || state === "released"))
          output.warn("No Issuing DCA is released: two persons release one with `smki authority release`.");
      }),
    );
}

/** `smki ceremony abandon`: gives up the ceremony that was interrupted. */
export function abandonCommand(): Command {
  return withStepByStep(withSittingOptions(new Command("abandon")))
    .description(
      "gives up the ceremony that was interrupted: destroys every key that it made, and records it",
    )
    .option("--yes", "abandons it without asking")
    .action((options: GoOnOptions) =>
      withEstate(options, async (estate, output) => {
        const { order, state } = await tellUnfinished(estate, options, output);
        if (state === "begun" && options.yes !== true && options.json !== true)
          await confirm("Every key that it made will be destroyed, for good.");
        const record = await abandonCeremonyIn(estate, sittingOf(options), {
          onStep: output.done,
          ...stepByStep(options, order, hierarchyTerms(estate.settings, estate.rules)),
        });
        output.answer(answerOf(record), recordIsIn(record));
      }),
    );
}

/** Tells which ceremony is gone on with, and how far it came. @throws SmkiError CEREMONY_NONE_UNFINISHED */
async function tellUnfinished(
  { database, rules }: Estate,
  { witness = [] }: GoOnOptions,
  output: Output,
): Promise<CeremonyAccount> {
  requireWitnesses(witness, rules.ceremonyWitnesses.value);
  const ceremony = await database.read(async (tx) => {
    const unfinished = await unfinishedCeremony(tx);
    return unfinished && readCeremony(tx, unfinished.id);
  });
  if (ceremony === undefined) throw new SmkiError("CEREMONY_NONE_UNFINISHED");
  const { id, order, begunAt, steps, state } = ceremony;
  const standing = state === "begun" ? "" : ` (${state})`;
  output.part(
    `Ceremony ${String(id)}: ${purposeTitle(order.purpose)}, begun ${begunAt.toISOString()}${standing}`,
  );
  const last = steps.at(-1);
  output.line(
    last === undefined
      ? "  No step of it was done yet."
      : `  Last step: ${String(last.number)}, ${last.at.toISOString()}: ${last.words}`,
  );
  output.line();
  return ceremony;
}

const answerOf = ({ id, file, html, pdf }: FiledCeremony) => ({ ceremony: id, record: file, html, pdf });
const recordIsIn = ({ file, pdf }: FiledCeremony) =>
  `\nThe signed record is in ${file}\nTo be signed on paper: ${pdf}`;
