import { Command } from "commander";
import { abandonCommand, resumeCommand } from "./go-on.ts";
import { arlCommand, foundCommand, replaceCommand, revokeCommand, stockCommand } from "./hold.ts";
import { scriptCommand } from "./script.ts";
import { listCommand, recordCommand } from "./show.ts";

/** The verb `smki ceremony`: the only place where root keys are used. */
export function ceremonyCommand(): Command {
  return new Command("ceremony")
    .description(
      "holds key ceremonies, with a script before and a record after; goes on with one that stopped",
    )
    .addCommand(foundCommand(), { isDefault: true })
    .addCommand(stockCommand())
    .addCommand(arlCommand())
    .addCommand(revokeCommand())
    .addCommand(replaceCommand())
    .addCommand(resumeCommand())
    .addCommand(abandonCommand())
    .addCommand(scriptCommand())
    .addCommand(listCommand())
    .addCommand(recordCommand())
    .addHelpText(
      "after",
      `
Without a purpose: found, in an empty estate. Records are filed in the data folder's ceremonies/.

Examples:
  smki ceremony script --pdf script.pdf
  smki ceremony --witness "Ada Byron" --witness "Alan Mathison"
  smki ceremony stock --count 24 --rehearsal --witness "Ada Byron" --witness "Alan Mathison"
  smki ceremony resume --witness "Ada Byron" --witness "Alan Mathison"
Each has its own help: smki ceremony stock --help`,
    );
}
