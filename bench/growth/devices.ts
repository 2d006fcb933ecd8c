import { sql } from "kysely";
import type { Estate } from "../../src/app/estate/estate.ts";
import { columnNames } from "../../src/devices/columns.ts";
import { importDevices } from "../../src/devices/import-devices.ts";
import type { BenchEstate } from "../estate/bench-estate.ts";

/** Odd, so that numbers below 2^40 stay distinct when they are multiplied by it; and far apart, in no order. */
const spread = 0x9e37_79b9_7fn;
const prefix = "00db12";
const linesTogether = 1_000;

/** The Device ID of a certificate of the filler, as SQL of its number: each Device has two. */
export const deviceIdOf = (number: ReturnType<typeof sql>) =>
  sql`decode(${prefix} || lpad(to_hex((${number} / 2)::bigint * ${spread}::bigint % (2 ^ 40)::bigint), 10, '0'), 'hex')`;

/** Takes the Devices of certificates `from` to `to - 1` into the inventory, as the file that their Supplier would send. */
export async function listDevices(
  { database, rules, clock }: Estate,
  { operator }: BenchEstate,
  supplier: string,
  from: number,
  to: number,
): Promise<void> {
  await database.transaction((tx) =>
    importDevices(tx, operator, fileOf(supplier, Math.ceil(from / 2), Math.ceil(to / 2)), {
      rules,
      at: clock(),
    }),
  );
}

async function* fileOf(supplier: string, from: number, to: number): AsyncGenerator<Buffer> {
  const facts = {
    ...{ device_type: "ESME", smi_status: "Commissioned", import_supplier: supplier },
    ...{
      manufacturer: "Bench Meters Ltd",
      model: "BM-1",
      hardware_version: "1.0",
      firmware_version: "2.17.4",
    },
  };
  const lineOf = (device: number) => {
    const id = BigInt.asUintN(40, BigInt(device) * spread);
    const all: Partial<Record<string, string>> = {
      ...facts,
      device_id: prefix + id.toString(16).padStart(10, "0"),
    };
    return `${columnNames.map((name) => all[name] ?? "").join(",")}\r\n`;
  };
  yield Buffer.from(`${columnNames.join(",")}\r\n`);
  for (let first = from; first < to; first += linesTogether)
    yield Buffer.from(
      Array.from({ length: Math.min(linesTogether, to - first) }, (_, index) => lineOf(first + index)).join(
        "",
      ),
    );
}
