import { Command } from "commander";
import { listAuthorities } from "../../../authorities/authorities.ts";
import type { CeremonyPurpose } from "../../../authorities/ceremony/ceremony-order.ts";
import { settleCeremony } from "../../../authorities/ceremony/hold.ts";
import { purposes } from "../../../authorities/ceremony/purposes.ts";
import { releaseStock } from "../../../authorities/ceremony/release-stock.ts";
import { requireWitnesses } from "../../../authorities/ceremony/sitting.ts";
import { wholeNumber } from "../../../cli/arguments.ts";
import { createOutput, type Output } from "../../../cli/output.ts";
import { SmkiError } from "../../../errors/smki-error.ts";
import { rulebookFor } from "../../../rulebook/index.ts";
import { shortScript } from "../../ceremony-paper/script-document.ts";
import { holdCeremonyIn } from "../../estate/ceremony-room.ts";
import type { Estate } from "../../estate/estate.ts";
import { rehearse } from "../../estate/rehearsal.ts";
import { hierarchyTerms } from "../../estate/terms.ts";
import { settingsOf, withEstate } from "../estate-options.ts";
import { operatorAtMachine } from "../operator.ts";
import { confirm } from "./confirm.ts";
import {
  type OrderOptions,
  orderOf,
  type SittingOptions,
  sittingOf,
  withOrderOptions,
  withSittingOptions,
} from "./options.ts";
import { scriptInput } from "./script-input.ts";
import { type StepByStepOptions, stepByStep, withStepByStep } from "./step-by-step.ts";

interface HoldOptions extends SittingOptions, OrderOptions, StepByStepOptions {
  readonly release?: number;
  readonly rehearsal?: boolean;
  readonly yes?: boolean;
}

export function foundCommand(): Command {
  return holdCommand("found", "creates the key hierarchies of an empty estate").option(
    "--release <number>",
    "how many Issuing DCAs the witnesses release at once (default: two)",
    wholeNumber(0, 1_000),
  );
}

export function stockCommand(): Command {
  return holdCommand("stock", "makes Issuing DCAs for the stock");
}

export function arlCommand(): Command {
  return holdCommand("arl", "signs the ARL of every root anew");
}

export function revokeCommand(): Command {
  return holdCommand("revoke", "revokes a CA, and signs the ARL that says so");
}

export function replaceCommand(): Command {
  return holdCommand("replace", "makes a CA in the place of a revoked Issuing OCA or issuing CA of the IKI");
}

function holdCommand(purpose: CeremonyPurpose, description: string): Command {
  return withStepByStep(withOrderOptions(withSittingOptions(new Command(purpose)), purpose))
    .description(description)
    .option(
      "--rehearsal",
      "practice: the same in a throw-away estate, of which the marked record alone is kept",
    )
    .option("--yes", "begins without asking")
    .allowExcessArguments()
    .action((options: HoldOptions, command: Command) => {
      // A mistyped purpose comes to the one that is the default.
      const [unknown] = command.args;
      if (unknown !== undefined)
        command.error(`error: there is no \`smki ceremony ${unknown}\`; see \`smki ceremony --help\``);
      return options.rehearsal === true ? holdRehearsal(purpose, options) : holdReal(purpose, options);
    });
}

function holdReal(purpose: CeremonyPurpose, options: HoldOptions): Promise<void> {
  return withEstate(
    options,
    async (estate, output) => {
      // Before anything is asked: a ceremony that may not be held has no script.
      requireWitnesses(options.witness ?? [], estate.rules.ceremonyWitnesses.value);
      const terms = hierarchyTerms(estate.settings, estate.rules);
      const order = orderOf(purpose, options);
      const release = purpose === "found" ? (options.release ?? Math.min(2, terms.stockSize)) : 0;
      if (release > terms.stockSize)
        throw new SmkiError("RELEASE_NOT_POSSIBLE", { asked: release, inStock: terms.stockSize });
      const settled = await settleCeremony({ database: estate.database, terms }, purposes[purpose], order);
      await showScript(scriptInput(estate.settings, settled), options, output);
      const record = await holdCeremonyIn(estate, order, sittingOf(options), {
        onStep: output.done,
        ...stepByStep(options, settled, terms),
      });
      const released = await releaseFirst(estate, release, options, output);
      const authorities = await estate.database.read((tx) => listAuthorities(tx));
      const { id, file, html, pdf } = record;
      output.answer(
        { ceremony: id, record: file, html, pdf, released, authorities: authorities.map((ca) => ca.id) },
        `\nThe signed record is in ${file}\nTo be signed on paper: ${pdf}${purpose === "found" ? nextStep(options) : ""}`,
      );
    },
    purpose === "found",
  );
}

async function holdRehearsal(purpose: CeremonyPurpose, options: HoldOptions): Promise<void> {
  const settings = settingsOf(options);
  const output = createOutput(options.json);
  const rules = rulebookFor(settings.edition);
  requireWitnesses(options.witness ?? [], rules.ceremonyWitnesses.value);
  const order = orderOf(purpose, options);
  output.part("REHEARSAL: nothing made here is in use");
  await showScript(scriptInput(settings, order, true), options, output);
  const files = await rehearse(settings, order, sittingOf(options), {
    onStep: output.done,
    ...stepByStep(options, order, hierarchyTerms(settings, rules)),
  });
  output.answer(
    { rehearsal: true, record: files.file, html: files.html, pdf: files.pdf },
    `\nThe throw-away estate is gone. The marked record of the rehearsal is in ${files.file}`,
  );
}

async function showScript(
  input: ReturnType<typeof scriptInput>,
  { yes, json }: HoldOptions,
  output: Output,
): Promise<void> {
  output.part(`Ceremony: ${input.order.purpose}`);
  for (const line of shortScript(input)) output.line(`  ${line}`);
  output.line();
  if (yes !== true && json !== true) await confirm("This is what will be done.");
}

/** The founding's witnesses release the first Issuing DCAs of the stock, so that the service can begin. */
async function releaseFirst(
  { database, rules, clock }: Estate,
  count: number,
  { witness = [] }: HoldOptions,
  output: Output,
): Promise<readonly string[]> {
  if (count === 0) return [];
  const needed = rules.stockReleasePersons.value;
  const released = await database.transaction((tx) =>
    releaseStock(tx, count, witness, needed, operatorAtMachine().name, clock()),
  );
  for (const id of released) output.done(`${id} released by the witnesses`);
  return released;
}

function nextStep({ data }: HoldOptions): string {
  return `\nStart the service with: smki up${data === undefined ? "" : ` --data ${data}`}`;
}
