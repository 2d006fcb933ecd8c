import { resolve } from "node:path";
import { Command } from "commander";
import { sql } from "kysely";
import { checkBackup } from "../../backup/check-backup.ts";
import { freeOctets } from "../../backup/disk-space.ts";
import type { Manifest } from "../../backup/manifest.ts";
import { takeBackup } from "../../backup/take-backup.ts";
import { createOutput, type Output, table } from "../../cli/output.ts";
import { listTables } from "../../database/copy/tables.ts";
import type { Estate } from "../estate/estate.ts";
import { namedStores } from "../estate/key-stores.ts";
import { software } from "../software.ts";
import { type EstateOptions, settingsFileOf, withEstate, withEstateOptions } from "./estate-options.ts";

/** The verb `smki backup`. */
export function backupCommand(): Command {
  return withEstateOptions(new Command("backup"))
    .description("takes a back-up of the estate, of a running service too, or checks one")
    .argument("<folder>", "the folder to make, on another disk than the estate's")
    .addHelpText(
      "after",
      `
It holds the database as of one moment, the key stores (still encrypted; of a token only what it holds), the
settings, the signer's last checkpoint and the ceremony records. Restore it with \`smki restore\`.

Example:
  smki backup /backup/opensmki-$(date +%F)
  smki backup check /backup/opensmki-2026-11-23`,
    )
    .addCommand(checkCommand())
    .action((folder: string, options: EstateOptions) =>
      withEstate(options, async (estate, output) => {
        const { database, connectionString, clock, paths, settings } = estate;
        const settingsFile = settingsFileOf(options);
        const tables = (await database.read(listTables)).length;
        await warnOfSpace(estate, folder, output);
        const taken = await output.progress("tables", tables, (advance) =>
          takeBackup({
            database,
            connectionString,
            clock,
            files: paths,
            keyStores: namedStores(settings, paths),
            ...(settingsFile === undefined ? {} : { settingsFile }),
            software: software.nameAndVersion,
            folder,
            onTable: () => {
              advance();
            },
          }),
        );
        const { manifest, octets } = taken;
        output.answer(
          { folder: taken.folder, octets, ...summary(manifest), notHeld: manifest.notHeld },
          [`Back-up taken: ${taken.folder}, ${megabytes(octets)}`, contents(manifest)].join("\n"),
        );
        for (const sentence of manifest.notHeld) output.warn(sentence);
        // The workers sign from that store: a back-up without it is a back-up that a job must not take for a good one.
        if (
          manifest.keyStores.some(
            (store) => store.purpose === "operational" && store.notReached !== undefined,
          )
        )
          process.exitCode = 1;
        output.line("Restore it somewhere now and then: a back-up that was never restored is a hope.");
      }),
    );
}

/** A back-up is compressed, so that none is refused: one that does not fit says so, and leaves nothing. */
async function warnOfSpace({ database }: Estate, folder: string, output: Output): Promise<void> {
  const { rows } = await database.read((tx) =>
    sql<{ octets: number }>`select pg_database_size(current_database()) as octets`.execute(tx),
  );
  const [size, free] = [rows[0]?.octets ?? 0, await freeOctets(resolve(folder))];
  if (free < size)
    output.warn(
      `${megabytes(free)} are free there, and the database has ${megabytes(size)}: it may not fit.`,
    );
}

function checkCommand(): Command {
  return new Command("check")
    .description("reads a back-up whole: every file is as it was written, every table has its rows")
    .argument("<folder>", "the back-up")
    .action(async (folder: string, _: object, command: Command) => {
      // `--json` is the outer verb's option too, which takes it wherever it stands.
      const output = createOutput(command.optsWithGlobals<EstateOptions>().json);
      const { manifest, sha256 } = await checkBackup(folder);
      output.answer(
        { holds: true, manifest: sha256, ...summary(manifest), notHeld: manifest.notHeld },
        [`The back-up is whole. SHA-256 of its manifest: ${sha256}`, contents(manifest)].join("\n"),
      );
      for (const sentence of manifest.notHeld) output.warn(sentence);
    });
}

function summary({ takenAt, environment, software: by, ledger, tables, keyStores }: Manifest) {
  const rows = Object.fromEntries(tables.map(({ name, rows: count }) => [name, count]));
  const { size, root, open } = ledger;
  return { takenAt, environment, software: by, ledger: { size, root, open }, rows, keyStores };
}

function contents(manifest: Manifest): string {
  const { takenAt, environment, software: by, ledger, tables, keyStores, files } = manifest;
  const rowsOf = (name: string) => String(tables.find((one) => one.name === name)?.rows ?? 0);
  return table(
    ["what", "in this back-up"],
    [
      ["moment", `${takenAt}, ${environment} environment, ${by}`],
      ["certificates", rowsOf("certificate")],
      [
        "ledger",
        `${String(ledger.size)} leaves, root ${ledger.root}, ${String(ledger.open)} acts without a leaf yet`,
      ],
      ["tables", `${String(tables.length)}, ${String(tables.reduce((sum, { rows }) => sum + rows, 0))} rows`],
      ...keyStores.map(({ purpose, kind, keys, notReached }) => [
        `${purpose} keys`,
        notReached === undefined
          ? kind === "pkcs11"
            ? `labels of ${String(keys?.length ?? 0)} keys of a token`
            : "the encrypted file"
          : `not reached: ${notReached}`,
      ]),
      ["other files", String(files.length)],
    ],
  );
}

const megabytes = (octets: number): string => `${(octets / 1e6).toFixed(1)} MB`;
