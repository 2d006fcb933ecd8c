import { createHash } from "node:crypto";
import type { Tx } from "../database/transaction.ts";
import { isSmkiError, SmkiError } from "../errors/smki-error.ts";
import { recordActs } from "../ledger/record-acts.ts";
import type { Principal } from "../registration/principal.ts";
import { columnNames, columns } from "./columns.ts";
import { readCsv } from "./csv.ts";
import { type DeviceDescription, type DeviceText, readDevice } from "./device.ts";
import type { EligibilityRules } from "./eligibility.ts";
import { countMerge, lockInventory, type MergeCounts, mergeDevices } from "./inventory-store.ts";
import { requireKeeper } from "./permissions.ts";
import { createStaging, repeatedDevices, stageDevices, staged } from "./staging-store.ts";
import { readSuppliers } from "./suppliers.ts";
import { digestOfChange } from "./verify-inventory.ts";

/** A line that cannot be taken, and what would be right. */
export interface ImportMistake {
  readonly line: number;
  readonly problem: string;
}

/** How a file is taken in. */
export interface ImportOptions {
  readonly rules: EligibilityRules;
  readonly at: Date;
  /** Everything is checked and counted, nothing is changed. */
  readonly dryRun?: boolean;
  /** Told each line that cannot be taken, as it is met. */
  readonly onMistake?: (mistake: ImportMistake) => void;
  /** Told how many octets more have been read. */
  readonly onOctets?: (octets: number) => void;
}

/** What a file held and did, or in a dry run would have done. */
export interface ImportReport extends MergeCounts {
  /** Of the file, in hexadecimal; the ledger's act has it too. */
  readonly sha256: string;
  readonly rows: number;
}

/** Rows in one statement. */
const partSize = 5_000;
/** Mistakes that the error itself tells; `onMistake` is told all of them. */
export const mistakesTold = 100;

/**
 * Takes in a file of Devices, all or nothing: while any line cannot be taken, nothing changes. Constant memory: rows
 * go to a table of this transaction as they arrive. One act for the whole file, with its SHA-256 and counts; the file
 * itself is for its sender to keep. The same file again changes nothing.
 *
 * @param source - the file; the transaction may be run again, so that each run must read it from its beginning
 * @throws SmkiError NOT_PERMITTED, CSV_UNREADABLE, DEVICE_FILE_INVALID
 */
export async function importDevices(
  tx: Tx,
  by: Principal,
  source: AsyncIterable<Uint8Array>,
  options: ImportOptions,
): Promise<ImportReport> {
  await requireKeeper(tx, by);
  const digest = createHash("sha256");
  const rows = await stage(tx, hashed(source, digest, options), options);
  if (options.dryRun === true)
    return { sha256: digest.digest("hex"), rows, ...(await countMerge(tx, staged)) };
  await lockInventory(tx);
  const { added, changed, change } = await mergeDevices(tx, staged, options.at);
  const report = { sha256: digest.digest("hex"), rows, added, changed, unchanged: rows - added - changed };
  // Of the rows as they stand: the file alone does not tell which of its lines said anything new.
  const devices = await digestOfChange(tx, change, staged);
  const subject = { ...report, change, devices };
  await recordActs(tx, [{ kind: "devices.imported", at: options.at, by: by.name, subject }]);
  return report;
}

async function* hashed(
  source: AsyncIterable<Uint8Array>,
  digest: ReturnType<typeof createHash>,
  { onOctets }: ImportOptions,
): AsyncGenerator<Uint8Array> {
  for await (const octets of source) {
    digest.update(octets);
    onOctets?.(octets.length);
    yield octets;
  }
}

/** @returns how many rows lie ready */
async function stage(tx: Tx, source: AsyncIterable<Uint8Array>, options: ImportOptions): Promise<number> {
  const { numberOf } = await readSuppliers(tx);
  await createStaging(tx);
  const mistakes = new Mistakes(options.onMistake);
  let order: readonly (keyof DeviceText)[] | undefined;
  let rows = 0;
  let part: { line: number; device: DeviceDescription }[] = [];
  const flush = async () => {
    await stageDevices(tx, part);
    rows += part.length;
    part = [];
  };
  for await (const lines of readCsv(source))
    for (const { number, fields } of lines) {
      if ("problem" in fields) mistakes.add({ line: number, problem: fields.problem });
      else if (order === undefined) order = readHeader(number, fields);
      else {
        const device = mistakes.try(number, () =>
          readDevice(textIn(fields, order ?? []), numberOf, options.rules),
        );
        if (device !== undefined) part.push({ line: number, device });
        if (part.length === partSize) await flush();
      }
    }
  await flush();
  if (order === undefined) throw new SmkiError("DEVICE_FILE_INVALID", { mistakes: noHeader(1) });
  for await (const { line, first } of repeatedDevices(tx))
    mistakes.add({
      line,
      problem: `the Device stands on line ${String(first)} already; keep one of the two`,
    });
  mistakes.throwIfAny();
  return rows;
}

const noHeader = (line: number): string =>
  `line ${String(line)}: the first line must name the columns, in any order: ${columnNames.join(",")}`;

/** All columns are named: one left out by mistake would empty what is said in it of every Device. */
function readHeader(line: number, fields: readonly string[]): (keyof DeviceText)[] {
  if (fields.toSorted().join() !== columnNames.toSorted().join())
    throw new SmkiError("DEVICE_FILE_INVALID", { mistakes: noHeader(line) });
  const meaning = new Map<string, keyof DeviceText>(columns);
  return fields.flatMap((name) => meaning.get(name) ?? []);
}

function textIn(fields: readonly string[], order: readonly (keyof DeviceText)[]): DeviceText {
  if (fields.length !== order.length)
    throw new SmkiError("DEVICE_INVALID", {
      field: "the line",
      problem: `it has ${String(fields.length)} fields; write ${String(order.length)}, as the first line has`,
    });
  return Object.fromEntries(order.map((name, place) => [name, fields[place] ?? ""]));
}

/** Every mistake is told as it is met; the first of them are kept for the refusal. */
class Mistakes {
  readonly #tell: ImportOptions["onMistake"];
  readonly #first: ImportMistake[] = [];
  #count = 0;

  constructor(tell: ImportOptions["onMistake"]) {
    this.#tell = tell;
  }

  add(mistake: ImportMistake): void {
    this.#count += 1;
    if (this.#first.length < mistakesTold) this.#first.push(mistake);
    this.#tell?.(mistake);
  }

  try<Value>(line: number, work: () => Value): Value | undefined {
    try {
      return work();
    } catch (error) {
      if (!isSmkiError(error, "DEVICE_INVALID")) throw error;
      const { field, problem } = error.details;
      this.add({ line, problem: `${String(field)}: ${String(problem)}` });
      return undefined;
    }
  }

  throwIfAny(): void {
    if (this.#count === 0) return;
    const told = this.#first.map(({ line, problem }) => `line ${String(line)}: ${problem}`);
    const more = this.#count - told.length;
    if (more > 0) told.push(`and ${String(more)} more`);
    throw new SmkiError("DEVICE_FILE_INVALID", { count: this.#count, mistakes: told.join("\n") });
  }
}
