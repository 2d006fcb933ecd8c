import { existsSync, readFileSync } from "node:fs";
import { Argument, Command } from "commander";
import { type Ceremony, listCeremonies } from "../../../authorities/ceremony/account.ts";
import { purposeTitle } from "../../../authorities/ceremony/ceremony-order.ts";
import { wholeNumber } from "../../../cli/arguments.ts";
import { table } from "../../../cli/output.ts";
import { ceremonyFiles, fileCeremony, writePaper } from "../../estate/ceremony-files.ts";
import type { EstatePaths } from "../../estate/paths.ts";
import { type EstateOptions, withEstate, withEstateOptions } from "../estate-options.ts";

/** `smki ceremony list`: every ceremony, held, unfinished or abandoned. */
export function listCommand(): Command {
  return withEstateOptions(new Command("list"))
    .description("shows the ceremonies that were held, abandoned or are unfinished, with their files")
    .action((options: EstateOptions) =>
      withEstate(options, async ({ database, paths }, output) => {
        const ceremonies = (await database.read((tx) => listCeremonies(tx))).map((ceremony) =>
          lineOf(ceremony, paths),
        );
        const rows = ceremonies.map(({ id, purpose, begun, state, files, missing }) => [
          String(id),
          begun,
          purposeTitle(purpose),
          state,
          missing === 0
            ? (files[0] ?? "")
            : `${String(missing)} of its files missing: smki ceremony record ${String(id)}`,
        ]);
        output.answer({ ceremonies }, table(["no.", "begun", "purpose", "state", "record"], rows));
        for (const { id, isFinished } of ceremonies)
          if (!isFinished)
            output.warn(
              `Ceremony ${String(id)} is unfinished: \`smki ceremony resume\` or \`smki ceremony abandon\`.`,
            );
      }),
    );
}

function lineOf(ceremony: Ceremony, paths: EstatePaths) {
  const { id, order, state, begunAt, record } = ceremony;
  const isFinished = record !== undefined;
  const { file, html, pdf } = ceremonyFiles(paths.ceremonies, ceremony);
  const files = isFinished ? [file, html, pdf] : [];
  return {
    id,
    purpose: order.purpose,
    begun: begunAt.toISOString(),
    state: isFinished ? state : `unfinished (${state})`,
    isFinished,
    files,
    missing: files.filter((file) => !existsSync(file)).length,
  };
}

interface RecordOptions extends EstateOptions {
  readonly html?: string;
  readonly pdf?: string;
}

/** `smki ceremony record`: the files of a ceremony, made again from the database. */
export function recordCommand(): Command {
  return withEstateOptions(new Command("record"))
    .description("makes the files of a ceremony's record again, from the database")
    .addArgument(new Argument("<number>", "which ceremony").argParser(wholeNumber(1, 2 ** 31)))
    .option("--html <file>", "writes the HTML there too")
    .option("--pdf <file>", "writes the PDF there too")
    .action((id: number, options: RecordOptions) =>
      withEstate(options, async (estate, output) => {
        const { file, html, pdf } = await fileCeremony(estate, id);
        if (options.html !== undefined) writePaper(options.html, readFileSync(html));
        if (options.pdf !== undefined) writePaper(options.pdf, readFileSync(pdf));
        output.answer({ ceremony: id, record: file, html, pdf }, [file, html, pdf].join("\n"));
      }),
    );
}
