import { Command } from "commander";
import { readExactText, readInputFile } from "../../cli/input-file.ts";
import { createOutput, type Output } from "../../cli/output.ts";
import { type CopyResult, copyLedger } from "../../ledger/copy/copy-ledger.ts";
import { httpResources } from "../../ledger/copy/http-resources.ts";
import { databaseResources, type LedgerResources } from "../../ledger/copy/resources.ts";
import { formatVerifierKey } from "../../ledger/note.ts";
import { readVerifierKey } from "../estate/ledger-key.ts";
import { type EstateOptions, withEstate, withEstateOptions } from "./estate-options.ts";
import { leafProgress } from "./leaf-progress.ts";

interface CopyCommandOptions extends EstateOptions {
  readonly from?: string;
  readonly key?: string;
  readonly ca?: string;
  readonly certificate?: string;
  readonly certificateKey?: string;
}

/** The verb `smki ledger copy`: the whole ledger in a folder, to be verified off line by anyone. */
export function copyCommand(): Command {
  return withEstateOptions(new Command("copy"))
    .description("copies the ledger into a folder, or what is new of it since the last time")
    .argument("<folder>", "where to; made if it is not there")
    .option("--from <url>", "the ledger's address; without it, the estate's own database")
    .option("--key <file>", "the ledger's verifier key, from where the operator publishes it")
    .option("--ca <file>", "with --from: the CA of the server, PEM, in place of the system's")
    .option("--certificate <file>", "with --from: a credential, PEM, where the ledger is not for everyone")
    .option("--certificate-key <file>", "with --from: its private key, PEM")
    .addHelpText("after", help)
    .action(async (folder: string, options: CopyCommandOptions) => {
      if (options.from === undefined)
        return withEstate(options, async ({ database, paths, settings }, output) => {
          const verifierKey = formatVerifierKey(readVerifierKey(paths));
          const resources = databaseResources(database, verifierKey, settings.ledger.quorum);
          await copy(folder, resources, output, options.key ?? paths.ledgerVerifierKey);
        });
      const access = {
        ...(options.ca === undefined ? {} : { ca: readInputFile(options.ca) }),
        ...(options.certificate === undefined ? {} : { certificate: readInputFile(options.certificate) }),
        ...(options.certificateKey === undefined ? {} : { key: readInputFile(options.certificateKey) }),
      };
      const resources = httpResources(options.from, access);
      try {
        await copy(folder, resources, createOutput(options.json), options.key);
      } finally {
        resources.close();
      }
    });
}

const help = `
The folder is laid out as the ledger is served (C2SP tlog-tiles). Every tile and entry is checked against the signed
checkpoint before it is kept. A second run fetches what is new, and refuses a ledger that does not extend the copy.

Examples:
  smki ledger copy ledger-copy --from https://smki.example:8443/ledger --ca server-ca.pem
  smki ledger verify --copy ledger-copy --key ledger-verifier-key.txt`;

async function copy(
  folder: string,
  resources: LedgerResources,
  output: Output,
  keyFile: string | undefined,
): Promise<void> {
  const key = keyFile === undefined ? {} : { verifierKey: readExactText(keyFile) };
  const checkpoint = (await resources.get("checkpoint")).toString("utf8");
  const size = Number(checkpoint.split("\n")[1] ?? 0);
  const result = await leafProgress(output, "entries copied and checked", size, (onProgress) =>
    copyLedger({ folder, resources, ...key, onProgress }),
  );
  output.answer(result, told(folder, result));
  if (result.keyFrom === "served")
    output.warn(
      `the verifier key was believed as the ledger served it: compare it with what the operator publishes\n    ${result.verifierKey}`,
    );
}

function told(folder: string, { size, previousSize, fetched }: CopyResult): string {
  const grown = previousSize === 0 ? "a new copy" : `${String(size - previousSize)} more than before`;
  return `${String(size)} entries in ${folder}, ${grown}; ${String(fetched)} tiles and bundles fetched and checked`;
}
