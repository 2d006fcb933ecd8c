import { type Command, Option } from "commander";
import type { CeremonyOrder } from "../../../authorities/ceremony/ceremony-order.ts";
import type { HierarchyTerms } from "../../../authorities/ceremony/hierarchy.ts";
import { planCeremony } from "../../../authorities/ceremony/plan.ts";
import { SmkiError } from "../../../errors/smki-error.ts";
import type { CeremonyOptions } from "../../estate/ceremony-room.ts";
import { ask, hasTerminal } from "./confirm.ts";

export interface StepByStepOptions {
  readonly stepByStep?: boolean;
}

/** Adds the option to a verb that does steps. */
export function withStepByStep(command: Command): Command {
  return command.addOption(
    new Option(
      "--step-by-step",
      "waits at the terminal before each step, so that people can compare, tick and initial",
    ).conflicts("json"),
  );
}

/**
 * Waits before each step until the person at the terminal lets it be done.
 *
 * @returns what the ceremony is to call: nothing where the option was not given
 * @throws SmkiError CEREMONY_TERMINAL_NEEDED
 */
export function stepByStep(
  { stepByStep: isWanted }: StepByStepOptions,
  order: CeremonyOrder,
  terms: HierarchyTerms,
): Pick<CeremonyOptions, "afterStep"> {
  if (isWanted !== true) return {};
  if (!hasTerminal()) throw new SmkiError("CEREMONY_TERMINAL_NEEDED");
  const steps = planCeremony(order, terms).parts.flatMap((part) => part.steps);
  const words = new Map(steps.map(({ name, words: planned }) => [name, planned]));
  return {
    afterStep: async (step, name = "") => {
      if (step === "doing") await waitFor(words.get(name) ?? name);
      if (step === "writing")
        await waitFor("write all of it at once, with its lists: it is in use from then on");
    },
  };
}

/** @throws SmkiError CEREMONY_STOPPED: the journal has what was done before */
async function waitFor(next: string): Promise<void> {
  for (;;) {
    const answer = await ask(`  Next: ${next}\n  Press Enter to do it, or type stop: `);
    if (answer === undefined || answer.toLowerCase() === "stop") throw new SmkiError("CEREMONY_STOPPED");
    if (answer === "") return;
  }
}
