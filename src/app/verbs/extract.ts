import { Argument, Command, Option } from "commander";
import { misusedWithStatus2 } from "../../cli/arguments.ts";
import { readExactText, readInputFile } from "../../cli/input-file.ts";
import { createOutput, table, tellError } from "../../cli/output.ts";
import { httpResources } from "../../ledger/copy/http-resources.ts";
import type { LedgerResources } from "../../ledger/copy/resources.ts";
import { makeExtracts, type WrittenExtract } from "../../repository/extract/make-extract.ts";
import { publishedExtracts, removeOutdated } from "../../repository/extract/published.ts";
import { formatExtractReport } from "../../repository/extract/verification/extract-report.ts";
import { copyResources } from "../../repository/extract/verification/ledger-leaves.ts";
import { verifyExtracts } from "../../repository/extract/verification/verify-extract.ts";
import { extractContext, extractFolder } from "../processes/extracts.ts";
import { type EstateOptions, withEstate, withEstateOptions } from "./estate-options.ts";
import { operatorAtMachine } from "./operator.ts";

/** The verb `smki extract`: the bulk files of the SMKI Repository. */
export function extractCommand(): Command {
  return new Command("extract")
    .description("makes, shows and verifies the bulk files of the SMKI Repository")
    .addCommand(makeCommand())
    .addCommand(listCommand())
    .addCommand(verifyCommand());
}

function makeCommand(): Command {
  return withEstateOptions(new Command("make"))
    .description("makes an extract now, and deletes those that are kept no longer")
    .addArgument(new Argument("[kind]", "full or delta").choices(["full", "delta"]).default("delta"))
    .addHelpText(
      "after",
      "\nA full extract comes with a delta up to the same checkpoint, and the first extract is always a full one.\nOne that was interrupted is gone on with first.",
    )
    .action((kind: "full" | "delta", options: EstateOptions) =>
      withEstate(options, async (estate, output) => {
        const written: WrittenExtract[] = [];
        const context = extractContext(estate, operatorAtMachine().name);
        const made = await makeExtracts({ ...context, onWritten: (one) => written.push(one) }, kind);
        const removed = await removeOutdated(
          estate.database,
          context.folder,
          estate.clock,
          estate.settings.extract.keptFulls,
        );
        const names = made.map(({ manifest }) => manifest.name);
        const lines = written.map(
          ({ name, rowOctets, fileOctets, milliseconds, resumed }) =>
            `${name}: ${megabytes(rowOctets)} MB of rows, ${megabytes(fileOctets)} MB of files, ${(milliseconds / 1000).toFixed(1)} s${resumed ? "; an earlier run had begun it" : ""}`,
        );
        output.answer(
          { made: names, removed, written, folder: context.folder },
          lines.length === 0 ? "Nothing is newer than the newest extract." : lines.join("\n"),
        );
      }),
    );
}

const megabytes = (octets: number): string => (octets / 1e6).toFixed(1);

function listCommand(): Command {
  return withEstateOptions(new Command("list"))
    .description("shows the extracts that are published, the oldest first")
    .action((options: EstateOptions) =>
      withEstate(options, async (estate, output) => {
        const extracts = await publishedExtracts(estate.database, extractFolder(estate));
        const rows = extracts.map(({ name, madeAt, fromSize, size, files }) => [
          name,
          madeAt.toISOString(),
          `${String(fromSize)} to ${String(size)}`,
          megabytes(files.reduce((sum, { octets }) => sum + octets, 0)),
        ]);
        output.answer(
          extracts,
          rows.length === 0
            ? "No extracts. Make one with `smki extract make full`."
            : table(["extract", "made at", "leaves", "MB"], rows),
        );
      }),
    );
}

interface VerifyOptions {
  readonly key: string;
  readonly copy?: string;
  readonly from?: string;
  readonly ca?: string;
  readonly certificate?: string;
  readonly certificateKey?: string;
  readonly json?: boolean;
}

function verifyCommand(): Command {
  return new Command("verify")
    .description(
      "proves that extracts hold all that the ledger says was done, and nothing else; needs no estate",
    )
    .argument("<folder...>", "each with the files of one extract, as they were downloaded")
    .requiredOption("--key <file>", "the ledger's verifier key, from where the operator publishes it")
    .addOption(
      new Option("--copy <folder>", "a copy of the ledger: see `smki ledger copy`").conflicts("from"),
    )
    .option("--from <url>", "the ledger's address, in place of a copy")
    .option("--ca <file>", "with --from: the CA of the server, PEM, in place of the system's")
    .option("--certificate <file>", "with --from: a credential, PEM, where the ledger is not for everyone")
    .option("--certificate-key <file>", "with --from: its private key, PEM")
    .option("--json", "answers in JSON")
    .exitOverride(misusedWithStatus2)
    .addHelpText("after", verifyHelp)
    .action(async (folders: string[], options: VerifyOptions, command: Command) => {
      if (options.copy === undefined && options.from === undefined)
        command.error("error: give --copy FOLDER, or --from URL");
      const output = createOutput(options.json);
      const { ledger, close } = ledgerOf(options);
      try {
        const verifierKey = readExactText(options.key);
        const report = await verifyExtracts(folders, { verifierKey, ledger });
        output.answer(report, formatExtractReport(report));
        process.exitCode = report.holds ? 0 : 1;
      } catch (error) {
        process.exitCode = Math.max(2, tellError(error, options.json));
      } finally {
        close();
      }
    });
}

const verifyHelp = `
Exits 0 when everything holds, 1 when something does not, 2 when it could not be judged.

Examples:
  smki ledger copy ledger-copy --from https://smki.example:8443/ledger --key ledger-verifier-key.txt
  smki extract verify full-2026-11-22-000000012345 delta-2026-11-23-000000012999 \\
    --key ledger-verifier-key.txt --copy ledger-copy`;

function ledgerOf({ copy, from = "", ca, certificate, certificateKey }: VerifyOptions): {
  readonly ledger: LedgerResources;
  readonly close: () => void;
} {
  if (copy !== undefined) return { ledger: copyResources(copy), close: () => undefined };
  const resources = httpResources(from, {
    ...(ca === undefined ? {} : { ca: readInputFile(ca) }),
    ...(certificate === undefined ? {} : { certificate: readInputFile(certificate) }),
    ...(certificateKey === undefined ? {} : { key: readInputFile(certificateKey) }),
  });
  return { ledger: resources, close: resources.close };
}
