import { Command } from "commander";
import { createOutput } from "../../cli/output.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import { milliseconds } from "../../rulebook/index.ts";
import { listenForStop, whenStopped } from "../processes/stopping.ts";
import { startService } from "../processes/up.ts";
import { type EstateOptions, settingsOf, withEstateOptions } from "./estate-options.ts";

/** The verb `smki up`: the service on a data folder, until Ctrl-C. */
export function upCommand(): Command {
  return withEstateOptions(new Command("up"))
    .description("starts the service on a data folder and keeps it running until Ctrl-C")
    .addHelpText(
      "after",
      `
A new data folder needs its key hierarchies first:
  smki ceremony --witness "NAME" --witness "NAME"
Stop with Ctrl-C or SIGTERM: work in hand is finished within 10 seconds; a second one ends at once.`,
    )
    .action(async (options: EstateOptions) => {
      const output = createOutput(options.json);
      let kill = (): void => undefined;
      const stopping = listenForStop(() => {
        kill();
      });
      const service = await startService(settingsOf(options));
      kill = service.kill;
      const { url, repositoryUrl, metricsUrl, workerMetricsUrls, sftp, signer, logFile, estate } = service;
      const { environment, edition, dataFolder } = estate.settings;
      output.answer(
        {
          ...{ url, repositoryUrl, metricsUrl, workerMetricsUrls, sftp },
          ...{ environment, edition, dataFolder, signer, logFile },
        },
        [
          `OpenSMKI is up: ${environment} environment, edition ${edition}, data in ${dataFolder}`,
          `  JSON API         ${url}/api/v1/status`,
          ...(repositoryUrl === undefined
            ? []
            : [`  Repository       ${repositoryUrl} (in the manner of DCC Boxed)`]),
          ...(metricsUrl === undefined ? [] : [`  Metrics          ${metricsUrl}`]),
          ...workerMetricsUrls.map((worker) => `  Metrics (worker) ${worker}`),
          ...(sftp === undefined
            ? []
            : [`  File transfer    port ${String(sftp.port)}, host key ${sftp.fingerprint}`]),
          `  Keys             ${signer}`,
          `  Log              ${logFile}`,
          "Ctrl-C stops it.",
        ].join("\n"),
      );
      const failure = await Promise.race([whenStopped(stopping), service.failed]);
      output.line("\nStopping ...");
      // A disk that does not answer can keep a database for ever; it is then left to end by itself. The timer holds
      // nobody up: it is met only by a process that something else, the database's own process, still keeps.
      setTimeout(() => {
        output.line("The database has not ended in time: it recovers at the next start.");
        process.exit(1);
      }, milliseconds(estate.rules.shutdownLimit) - 250).unref();
      process.once("beforeExit", () => {
        output.line("Stopped.");
      });
      await service.stop();
      if (failure instanceof Error)
        throw new SmkiError("PROCESS_FAILED", { reason: failure.message, log: logFile }, { cause: failure });
    });
}
