import { createReadStream, statSync } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { Command } from "commander";
import { columnNames } from "../../devices/columns.ts";
import { exportDevices } from "../../devices/export-devices.ts";
import { type ImportMistake, importDevices, mistakesTold } from "../../devices/import-devices.ts";
import { readSuppliers } from "../../devices/suppliers.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import { type DeviceFilter, queryOf, withDeviceFilter } from "./device-filter.ts";
import { type EstateOptions, withEstate, withEstateOptions } from "./estate-options.ts";
import { operatorAtMachine } from "./operator.ts";

/** `smki device import`. */
export function importCommand(): Command {
  return withEstateOptions(new Command("import"))
    .description(
      "takes in a file of Devices, all or nothing: adds those not listed, changes those listed otherwise",
    )
    .argument("<file>", "comma-separated values in UTF-8, a Device a line; each line says all of its Device")
    .option("--dry-run", "checks every line and counts, and changes nothing")
    .addHelpText("after", `\nThe first line names the columns, in any order:\n  ${columnNames.join(",")}`)
    .action((file: string, options: EstateOptions & { readonly dryRun?: true }) =>
      withEstate(options, async ({ database, rules, clock }, output) => {
        const dryRun = options.dryRun === true;
        const report = await output.progress(`octets of ${file}`, sizeOf(file), (advance) =>
          database.transaction((tx) =>
            importDevices(tx, operatorAtMachine(), readThrough(file), {
              rules,
              dryRun,
              at: clock(),
              onOctets: advance,
              ...(output.json ? {} : { onMistake: tellFurther() }),
            }),
          ),
        );
        const { rows, added, changed, unchanged, sha256 } = report;
        const would = dryRun ? "would be " : "";
        output.answer(
          { ...report, dryRun },
          [
            `${String(rows)} Devices: ${String(added)} ${would}added, ${String(changed)} ${would}changed, ${String(unchanged)} as they were.`,
            `SHA-256 of the file: ${sha256}`,
          ].join("\n"),
        );
      }),
    );
}

/** The refusal tells the first mistakes; the others are told as they are met, so that every one is named. */
function tellFurther(): (mistake: ImportMistake) => void {
  let count = 0;
  return ({ line, problem }) => {
    count += 1;
    if (count > mistakesTold) process.stderr.write(`line ${String(line)}: ${problem}\n`);
  };
}

function unreadable(file: string, cause: unknown): SmkiError {
  const reason = (cause as NodeJS.ErrnoException).code ?? "unknown";
  return new SmkiError("FILE_UNREADABLE", { file, reason }, { cause });
}

function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

async function* readThrough(file: string): AsyncGenerator<Uint8Array> {
  const stream = createReadStream(file) as AsyncIterable<Uint8Array>;
  const parts = stream[Symbol.asyncIterator]();
  for (;;) {
    // Only what reading throws: a failure of whoever takes the octets is another's.
    const part = await parts.next().catch((cause: unknown) => {
      throw unreadable(file, cause);
    });
    if (part.done === true) return;
    yield part.value;
  }
}

/** `smki device export`. */
export function exportCommand(): Command {
  return withDeviceFilter(withEstateOptions(new Command("export")))
    .description("writes Devices as the file that `smki device import` takes, all as they are at one moment")
    .argument("<file>", "the file to write; one that is there is replaced when the new one is whole")
    .action((file: string, options: EstateOptions & DeviceFilter) =>
      withEstate(options, async ({ database }, output) => {
        const draft = `${file}.new`;
        const devices = await database.read(
          async (tx) => {
            const query = queryOf(options, await readSuppliers(tx));
            return writeWhole(draft, exportDevices(tx, operatorAtMachine(), query));
          },
          { snapshot: true },
        );
        await rename(draft, file);
        output.answer({ devices, file }, `${String(devices)} Devices written to ${file}.`);
      }),
    );
}

async function writeWhole(
  draft: string,
  pages: AsyncIterable<{ readonly text: string; readonly devices: number }>,
): Promise<number> {
  let handle: FileHandle;
  try {
    handle = await open(draft, "w", 0o640);
  } catch (cause) {
    throw new SmkiError(
      "FILE_UNWRITABLE",
      { file: draft, reason: (cause as NodeJS.ErrnoException).code ?? "" },
      { cause },
    );
  }
  try {
    let devices = 0;
    for await (const page of pages) {
      await handle.writeFile(page.text);
      devices += page.devices;
    }
    await handle.sync();
    return devices;
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}
