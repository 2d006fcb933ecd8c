import { Command, Option } from "commander";
import { createOutput, table } from "../../cli/output.ts";
import { renderSettingsFile } from "../../settings/render.ts";
import { showSettings } from "../../settings/show.ts";
import { type EstateOptions, settingsOf, withEstateOptions } from "./estate-options.ts";

/** The verb `smki config`: the settings. */
export function configCommand(): Command {
  return new Command("config")
    .description("shows the settings in force, without secrets, or a documented settings file to start from")
    .addCommand(
      withEstateOptions(new Command("show"))
        .description("shows every setting in force; names every mistake if there are any")
        .action((options: EstateOptions) => {
          const shown = showSettings(settingsOf(options));
          const rows = Object.entries(shown).map(([key, value]) => [key, String(value)]);
          createOutput(options.json).answer(shown, table(["setting", "value"], rows));
        }),
    )
    .addCommand(
      new Command("template")
        .description("prints a settings file with every setting, its meaning and its default")
        .addOption(
          new Option("--environment <environment>", "for what").choices(["test", "live"]).default("test"),
        )
        .addHelpText(
          "after",
          "\nExample:\n  smki config template --environment live > /etc/opensmki/smki.toml",
        )
        .action(({ environment }: { environment: "test" | "live" }) => {
          process.stdout.write(renderSettingsFile(environment));
        }),
    );
}
