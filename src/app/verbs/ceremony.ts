import { Argument, Command, Option } from "commander";
import { listAuthorities } from "../../authorities/authorities.ts";
import {
  type AuthorityRevocationReason,
  authorityRevocationReasons,
  type CeremonyPurpose,
  ceremonyPurposes,
} from "../../authorities/ceremony/ceremony-order.ts";
import { releaseStock } from "../../authorities/ceremony/release-stock.ts";
import { collect, wholeNumber } from "../../cli/arguments.ts";
import { holdCeremonyIn } from "../estate/ceremony-room.ts";
import { softwareInWords } from "../software.ts";
import { type EstateOptions, withEstate, withEstateOptions } from "./estate-options.ts";
import { operatorAtMachine } from "./operator.ts";

interface CeremonyOptions extends EstateOptions {
  readonly witness: readonly string[];
  readonly count?: number;
  readonly release: number;
  readonly authority?: string;
  readonly reason: AuthorityRevocationReason;
}

/** The verb `smki ceremony`: the only place where root keys are used. */
export function ceremonyCommand(): Command {
  return withEstateOptions(new Command("ceremony"))
    .description(
      "holds a key ceremony: creates the hierarchies, fills the stock of Issuing DCAs, or renews the ARLs",
    )
    .addArgument(
      new Argument(
        "[purpose]",
        "found: create the hierarchies; stock: more Issuing DCAs; arl: sign the ARLs anew; revoke: revoke a CA",
      ).choices(ceremonyPurposes),
    )
    .requiredOption("--witness <name>", "a person who watches; give it once for each, two at least", collect)
    .option(
      "--count <number>",
      "stock: how many Issuing DCAs (default: up to the stock's size)",
      wholeNumber(1, 1_000),
    )
    .option(
      "--release <number>",
      "found: how many Issuing DCAs the witnesses release at once",
      wholeNumber(0, 1_000),
      2,
    )
    .option("--authority <id>", "revoke: which CA, for example issuing-dca/0007")
    .addOption(
      new Option("--reason <reason>", "revoke: the ground")
        .choices(authorityRevocationReasons)
        .default("unspecified"),
    )
    .addHelpText(
      "after",
      `
Without a purpose: found in an empty estate. The signed record is filed in the data folder's ceremonies/.

Examples:
  smki ceremony --witness "Ada Byron" --witness "Alan Mathison"
  smki ceremony stock --count 24 --witness "Ada Byron" --witness "Alan Mathison"
  smki ceremony revoke --authority issuing-dca/0007 --reason cACompromise --witness "Ada Byron" --witness "Alan Mathison"`,
    )
    .action(async (purpose: CeremonyPurpose | undefined, options: CeremonyOptions) => {
      await withEstate(
        options,
        async (estate, output) => {
          const chosen = purpose ?? "found";
          output.part(`Ceremony: ${chosen}`);
          const order = {
            purpose: chosen,
            ...(options.count === undefined ? {} : { count: options.count }),
            ...(options.authority === undefined
              ? {}
              : { authorityId: options.authority, reason: options.reason }),
          };
          const sitting = {
            witnesses: options.witness,
            sampleWitnesses: false,
            operator: operatorAtMachine().name,
            software: softwareInWords(),
          };
          const record = await holdCeremonyIn(estate, order, sitting, { onStep: output.done });
          const released =
            chosen === "found" && options.release > 0
              ? await estate.database.transaction((tx) =>
                  releaseStock(
                    tx,
                    options.release,
                    options.witness,
                    estate.rules.stockReleasePersons.value,
                    operatorAtMachine().name,
                    estate.clock(),
                  ),
                )
              : [];
          for (const id of released) output.done(`${id} released by the witnesses`);
          const authorities = await estate.database.read((tx) => listAuthorities(tx));
          output.answer(
            {
              ceremony: record.id,
              record: record.file,
              released,
              authorities: authorities.map(({ id }) => id),
            },
            `\nThe signed record is in ${record.file}${chosen === "found" ? nextStep(options) : ""}`,
          );
        },
        (purpose ?? "found") === "found",
      );
    });
}

function nextStep({ data }: CeremonyOptions): string {
  return `\nStart the service with: smki up${data === undefined ? "" : ` --data ${data}`}`;
}
