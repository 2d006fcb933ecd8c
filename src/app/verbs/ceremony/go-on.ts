import { Command } from "commander";
import { listAuthorities } from "../../../authorities/authorities.ts";
import { abandonCeremonyIn, type FiledCeremony, resumeCeremonyIn } from "../../estate/ceremony-room.ts";
import { withEstate } from "../estate-options.ts";
import { type SittingOptions, sittingOf, withSittingOptions } from "./options.ts";

/** `smki ceremony resume`: goes on with the ceremony that was interrupted. */
export function resumeCommand(): Command {
  return withSittingOptions(new Command("resume"))
    .description("goes on with the ceremony that was interrupted, to its signed record")
    .action((options: SittingOptions) =>
      withEstate(options, async (estate, output) => {
        output.part("Ceremony: resumed");
        const sitting = sittingOf(options);
        const record = await resumeCeremonyIn(estate, sitting, { onStep: output.done });
        const dcas = await estate.database.read((tx) => listAuthorities(tx, "issuing-dca"));
        output.answer(answerOf(record), recordIsIn(record));
        if (!dcas.some(({ state }) => state === "active" || state === "released"))
          output.warn("No Issuing DCA is released: two persons release one with `smki authority release`.");
      }),
    );
}

/** `smki ceremony abandon`: gives up the ceremony that was interrupted. */
export function abandonCommand(): Command {
  return withSittingOptions(new Command("abandon"))
    .description(
      "gives up the ceremony that was interrupted: destroys every key that it made, and records it",
    )
    .action((options: SittingOptions) =>
      withEstate(options, async (estate, output) => {
        output.part("Ceremony: abandoned");
        const record = await abandonCeremonyIn(estate, sittingOf(options), { onStep: output.done });
        output.answer(answerOf(record), recordIsIn(record));
      }),
    );
}

const answerOf = ({ id, file, html, pdf }: FiledCeremony) => ({ ceremony: id, record: file, html, pdf });
const recordIsIn = ({ file, pdf }: FiledCeremony) =>
  `\nThe signed record is in ${file}\nTo be signed on paper: ${pdf}`;
