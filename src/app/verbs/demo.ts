import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { wholeNumber } from "../../cli/arguments.ts";
import { createOutput, type Output, tellError } from "../../cli/output.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import { type Demonstration, demonstrate } from "../demo/demo.ts";
import { listenForStop, type Stopping, whenStopped } from "../processes/stopping.ts";
import { type EstateOptions, settingsOf, withEstateOptions } from "./estate-options.ts";

interface DemoOptions extends EstateOptions {
  readonly exit?: true;
  readonly meters: number;
  readonly alterStoredByte?: true;
}

/** The verb `smki demo`: everything in one go, with samples. */
export function demoCommand(): Command {
  return withEstateOptions(new Command("demo"))
    .description(
      "shows everything in one go: ceremony, service, sample Parties, 1,000 meters, verification; and stays up",
    )
    .option("--exit", "stops when the job is done, for scripts; the exit status says whether all held")
    .option("--meters <number>", "how many simulated meters", wholeNumber(1, 25_000), 1_000)
    .option("--alter-stored-byte", "alters one stored byte before the checks, to show that they are real")
    .addHelpText(
      "after",
      `
Everything is made new in a temporary folder, which is removed at the end; with --data it is kept.
Needs nothing but Node.js: no compiler, no HSM, no openssl command (it is used where there is one).`,
    )
    .action(async (options: DemoOptions) => {
      const output = createOutput(options.json);
      const data = options.data ?? mkdtempSync(join(tmpdir(), "smki-demo-"));
      const leaveNothing = () => {
        if (options.data === undefined) rmSync(data, { recursive: true, force: true });
      };
      const stopping = listenForStop(leaveNothing);
      try {
        await runDemo(options, data, output, stopping);
      } finally {
        leaveNothing();
      }
    });
}

async function runDemo(
  options: DemoOptions,
  data: string,
  output: Output,
  stopping: Stopping,
): Promise<void> {
  const begun = performance.now();
  const stays = options.exit !== true;
  const settings = settingsOf(
    { ...options, data },
    {
      // Their own ports where they are free; any others where not, or where nobody needs to know them.
      "web.port": stays && (await isFree(8443)) ? 8443 : 0,
      "repositoryService.port": stays && (await isFree(8083)) ? 8083 : 0,
      // Nobody waits for the night, or for a second person, to see it.
      "batches.window": "always",
      "batches.approval": "rule",
    },
  );
  if (settings.environment !== "test") throw new SmkiError("DEMO_IN_LIVE");
  output.line(
    `OpenSMKI demonstration: ${settings.environment} environment, edition ${settings.edition}, data in ${data}`,
  );
  const order = {
    meters: options.meters,
    alterStoredByte: options.alterStoredByte === true,
    stop: stopping.signal,
  };
  const demonstration = await demonstrate(settings, order, output);
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  const { service, problems, figures } = demonstration;
  const holds = problems.length === 0;
  try {
    output.answer(
      { holds, problems, ...figures, url: service.url, repositoryUrl: service.repositoryUrl },
      holds ? `\nAll of it held, in ${seconds} s.` : `\n${String(problems.length)} things did not hold.`,
    );
    if (!holds) failDemonstration(problems, output);
    else if (stays) await stayUp(demonstration, output, stopping);
  } finally {
    await service.stop();
  }
}

/** The exit status says it to programs; a person is told what to do. */
function failDemonstration(problems: readonly string[], output: Output): void {
  process.exitCode = 1;
  const failure = new SmkiError("DEMO_CHECK_FAILED", { first: problems[0] ?? "", all: problems.length });
  if (!output.json) tellError(failure);
}

async function stayUp({ service }: Demonstration, output: Output, stopping: Stopping): Promise<void> {
  const { paths, settings } = service.estate;
  const batched = join(paths.demo, "credentials", "SMPM-batched");
  const officer = join(paths.demo, "credentials", "SMPM-device");
  output.line(`
The service stays up. Try, in another terminal:
  curl --cacert ${join(paths.tls, "server-ca.pem")} ${service.url}/api/v1/status
  curl --cacert ${join(paths.tls, "server-ca.pem")} --cert ${officer}.pem --key ${officer}.key \\
       "${service.url}/api/v1/certificates?device=00db123460000000"
  ./smki status --data ${settings.dataFolder}
  ./smki client submit FOLDER --url ${service.url} --ca ${join(paths.tls, "server-ca.pem")} --poll-every 1 \\
       --certificate ${batched}.pem --key ${batched}.key    # certificates for the Device CSRs in FOLDER
  The DCC's own client, and curl, find the repository service at ${service.repositoryUrl ?? "(not running)"}
  docs/interfaces.md has a worked example for each interface, docs/operate.md the rest.
Ctrl-C stops it.`);
  await Promise.race([whenStopped(stopping), service.failed]);
  output.line("\nStopping ...");
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => {
      resolve(false);
    });
    server.listen(port, "127.0.0.1", () =>
      server.close(() => {
        resolve(true);
      }),
    );
  });
}
