import { readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { Command } from "commander";
import type { EstateKeyStores } from "../../backup/estate-files.ts";
import { describeLoss } from "../../backup/lost-acts.ts";
import { readManifest } from "../../backup/manifest.ts";
import { restore } from "../../backup/restore.ts";
import type { Restored } from "../../backup/restore-order.ts";
import { readInputFile } from "../../cli/input-file.ts";
import { createOutput, type Output } from "../../cli/output.ts";
import { folderFailure } from "../../database/folder-failure.ts";
import { rulebookFor } from "../../rulebook/index.ts";
import { loadSettings } from "../../settings/load.ts";
import type { KeyStore, Settings } from "../../settings/settings.ts";
import { systemClock } from "../../time/clock.ts";
import { operatorAtMachine } from "./operator.ts";

interface RestoreOptions {
  readonly data: string;
  readonly settings?: string;
  readonly databaseUrl?: string;
  readonly signerCheckpoint?: string;
  readonly against?: readonly string[];
  readonly copy?: string;
  readonly nothingLost?: true;
  readonly acceptLoss?: true;
  readonly json?: true;
}

/** A table of so many rows is told of when it is loaded: it takes its time. */
const manyRows = 100_000;

/** Lost acts that are shown; all of them stand in a file. */
const mostShown = 20;

/** The verb `smki restore`. */
export function restoreCommand(): Command {
  return new Command("restore")
    .description("restores an estate from a back-up into an empty place, and names what is lost")
    .argument("<backup>", "the back-up's folder")
    .requiredOption("--data <folder>", "the data folder to make; it does not exist, or is empty")
    .option(
      "--settings <file>",
      "the settings file (default: the back-up's, where it lay in the data folder)",
    )
    .option("--database-url <url>", "an empty external database (default: as the settings say)")
    .option(
      "--signer-checkpoint <file>",
      "keys/last-checkpoint of the estate that is gone, if it outlived it, and no earlier copy: shows for certain whether leaves were lost",
    )
    .option("--against <file...>", "signed checkpoints that were kept elsewhere")
    .option("--copy <folder>", "a copy of the ledger: names each act that is lost")
    .option(
      "--nothing-lost",
      "states that nothing was recorded after the back-up: the service was stopped before it",
    )
    .option(
      "--accept-loss",
      "restores although acts are lost or may be: the ledger goes on under a new origin",
    )
    .option("--json", "answers in JSON")
    .addHelpText(
      "after",
      `
Examples:
  smki restore /backup/today --data /srv/estate --signer-checkpoint /mnt/old/keys/last-checkpoint
  smki restore /backup/today --data /srv/estate --against checkpoint.txt --copy /mnt/ledger-copy --accept-loss`,
    )
    .action(async (backup: string, options: RestoreOptions) => {
      const output = createOutput(options.json);
      const settings = settingsOfRestore(backup, options);
      const databaseUrl = options.databaseUrl ?? settings.database.url;
      const restored = await restore({
        backup,
        dataFolder: resolve(options.data),
        ...(databaseUrl === undefined ? {} : { databaseUrl }),
        environment: settings.environment,
        keyStores: storesOf(settings, backup, resolve(options.data)),
        outside: {
          ...(options.signerCheckpoint === undefined
            ? {}
            : { signerCheckpoint: readInputFile(options.signerCheckpoint) }),
          checkpoints: (options.against ?? []).map(readInputFile),
          ...(options.copy === undefined ? {} : { copy: options.copy }),
          nothingLost: options.nothingLost === true,
        },
        acceptLoss: options.acceptLoss === true,
        by: operatorAtMachine().name,
        clock: systemClock,
        stockSize: settings.issuingDca.stockSize ?? rulebookFor(settings.edition).issuingDcaStockSize.value,
        onStep: output.done,
        onTable: (table, rows) => {
          if (rows >= manyRows) output.done(`${table}: ${String(rows)} rows loaded`);
        },
      }).catch((error: unknown) => {
        throw folderFailure(error, options.data);
      });
      tell(restored, output, options);
      if (!restored.report.holds) process.exitCode = 1;
    });
}

/** The settings of the estate to be: a file that is named, else the back-up's own, else those of a test estate. */
function settingsOfRestore(backup: string, { settings, data }: RestoreOptions): Settings {
  const { manifest } = readManifest(backup);
  const file =
    settings ?? (manifest.settingsFile === "in-data-folder" ? join(backup, "smki.toml") : undefined);
  const env = file === undefined ? { SMKI_ENVIRONMENT: "test", ...process.env } : process.env;
  return loadSettings({ file, env, overrides: { dataFolder: data } });
}

/** A relative path in a settings file is meant from the file's folder, which is to be the data folder. */
function storesOf({ keys }: Settings, backup: string, dataFolder: string): EstateKeyStores {
  const moved = (path: string) => {
    const way = relative(resolve(backup), path);
    return way.startsWith("..") ? path : join(dataFolder, way);
  };
  const of = (store: KeyStore) =>
    store.kind === "pkcs11"
      ? { ...store, pinFile: moved(store.pinFile) }
      : { ...store, file: moved(store.file), passphraseFile: moved(store.passphraseFile) };
  return { operational: of(keys.operational), ceremony: of(keys.ceremony) };
}

function tell(restored: Restored, output: Output, { data }: RestoreOptions): void {
  const { dataFolder, takenAt, loss, ledger, report, unknownKeys, remarks } = restored;
  const { verdict, from, to, after, namedTo, isStopped } = loss;
  const lostActs = ledger.lostActs?.map(({ leaf, kind, at, serialNumber }) => ({
    leaf,
    kind,
    at,
    serialNumber,
  }));
  output.answer(
    {
      dataFolder,
      takenAt,
      holds: report.holds,
      origin: ledger.origin,
      isSuccessor: ledger.isSuccessor,
      loss: { verdict, from, to, after, namedTo },
      lostActs,
      revocationsNotRedone: ledger.notRedone,
      unknownKeys,
      remarks,
    },
    `\nRestored to ${dataFolder}, as it stood at ${takenAt}: ${describeLoss(loss)}.`,
  );
  for (const { leaf, at, kind, serialNumber } of (lostActs ?? []).slice(0, mostShown))
    output.line(`  leaf ${String(leaf)}  ${at}  ${kind}  ${serialNumber ?? ""}`.trimEnd());
  if ((lostActs?.length ?? 0) > mostShown)
    output.line(
      `  and ${String((lostActs?.length ?? 0) - mostShown)} more, all in ${join(dataFolder, "lost-acts.txt")}`,
    );
  if (lostActs !== undefined && namedTo < to)
    output.warn(
      `The copy of the ledger ends before leaf ${String(namedTo)}: the lost acts from it on are not named.`,
    );
  if (verdict === "none" && !isStopped)
    output.line("Acts of its very last moments, which had no leaf yet, may be lost all the same.");
  if (ledger.isSuccessor)
    output.warn(
      `The ledger goes on as ${ledger.origin}. Publish its key: ${readFileSync(join(dataFolder, "ledger-verifier-key.txt"), "utf8").trim()}`,
    );
  if (ledger.isSuccessor)
    output.warn("The CRLs are made anew at the start; the ARLs by `smki ceremony arl`: hold it soon.");
  const { notRedone } = ledger;
  if (notRedone.length > 0)
    output.warn(`Lost revocations that must be seen to, they were not made again: ${notRedone.join(", ")}.`);
  else if (lostActs?.some((act) => act.kind === "certificate.revoked") === true)
    output.line("The lost revocations among them were made again.");
  if (unknownKeys.length > 0)
    output.warn(
      `Keys that the database does not know: ${unknownKeys.join(", ")}. They are of ceremonies after the back-up, or abandoned; their numbers are not given out again.`,
    );
  for (const remark of remarks) output.warn(remark);
  output.line(`Start it with: smki up --data ${data}`);
}
