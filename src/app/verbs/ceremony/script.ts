import { existsSync } from "node:fs";
import { Command, Option } from "commander";
import {
  authorityRevocationReasons,
  type CeremonyOrder,
  type CeremonyPurpose,
  ceremonyPurposes,
} from "../../../authorities/ceremony/ceremony-order.ts";
import { settleCeremony } from "../../../authorities/ceremony/hold.ts";
import { purposes } from "../../../authorities/ceremony/purposes.ts";
import { wholeNumber } from "../../../cli/arguments.ts";
import { createOutput } from "../../../cli/output.ts";
import type { Settings } from "../../../settings/settings.ts";
import { renderHtml } from "../../ceremony-paper/render-html.ts";
import { renderPdf } from "../../ceremony-paper/render-pdf.ts";
import { renderText } from "../../ceremony-paper/render-text.ts";
import { scriptDocument } from "../../ceremony-paper/script-document.ts";
import { writePaper } from "../../estate/ceremony-files.ts";
import { openEstate } from "../../estate/estate.ts";
import { estatePaths } from "../../estate/paths.ts";
import { hierarchyTerms } from "../../estate/terms.ts";
import { type EstateOptions, settingsOf, withEstateOptions } from "../estate-options.ts";
import { type OrderOptions, orderOf } from "./options.ts";
import { scriptInput } from "./script-input.ts";

interface ScriptOptions extends EstateOptions, OrderOptions {
  readonly rehearsal?: boolean;
  readonly html?: string;
  readonly pdf?: string;
}

/** `smki ceremony script`: what will be done, to be printed before. */
export function scriptCommand(): Command {
  return withEstateOptions(new Command("script"))
    .description("prints what a ceremony will do, step by step, to tick and initial; opens no key")
    .argument("[purpose]", `${ceremonyPurposes.join(", ")} (default: found)`)
    .option("--count <number>", "stock: how many Issuing DCAs", wholeNumber(1, 1_000))
    .option("--authority <id>", "revoke, replace: which CA, for example issuing-dca/0007")
    .option("--name <name>", "replace: the common name of the new CA")
    .addOption(new Option("--reason <reason>", "revoke: the ground").choices(authorityRevocationReasons))
    .option("--rehearsal", "marks every page as of a rehearsal")
    .option("--html <file>", "writes it as HTML")
    .option("--pdf <file>", "writes it as PDF")
    .action(async (purpose: string | undefined, options: ScriptOptions, command: Command) => {
      const chosen = ceremonyPurposes.find((known) => known === (purpose ?? "found"));
      if (chosen === undefined)
        return command.error(
          `error: there is no ceremony '${String(purpose)}'; there are ${ceremonyPurposes.join(", ")}`,
        );
      const settings = settingsOf(options);
      const order = await settled(settings, orderOf(chosen, options), chosen);
      const document = scriptDocument(scriptInput(settings, order, options.rehearsal));
      const output = createOutput(options.json);
      const files = [options.html, options.pdf].filter((file) => file !== undefined);
      if (options.html !== undefined) writePaper(options.html, renderHtml(document));
      if (options.pdf !== undefined) writePaper(options.pdf, await renderPdf(document));
      output.answer(
        options.json === true && files.length === 0 ? document : { files },
        files.length === 0 ? renderText(document) : `The script is in ${files.join(" and ")}`,
      );
    });
}

/** In an estate that is founded, the order with its numbers; a ceremony that would be refused has no script. */
async function settled(
  settings: Settings,
  order: CeremonyOrder,
  purpose: CeremonyPurpose,
): Promise<CeremonyOrder> {
  if (!existsSync(estatePaths(settings.dataFolder).ledgerVerifierKey)) return order;
  const estate = await openEstate(settings, { applicationName: "smki", server: "join" });
  try {
    const terms = hierarchyTerms(settings, estate.rules);
    return await settleCeremony({ database: estate.database, terms }, purposes[purpose], order);
  } finally {
    await estate.close();
  }
}
