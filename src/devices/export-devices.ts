import type { Tx } from "../database/transaction.ts";
import type { Principal } from "../registration/principal.ts";
import { columnNames, columns } from "./columns.ts";
import { csvLine } from "./csv.ts";
import { type DeviceQuery, searchDevices, textOf } from "./inventory.ts";
import { readSuppliers } from "./suppliers.ts";

/** Devices read at once. */
const pageSize = 10_000;

/**
 * The Devices that match and that the asker may see, as the file that `importDevices` takes: in the order of their
 * IDs, a page at a time.
 *
 * @param tx - a snapshot, so that all is of one moment
 */
export async function* exportDevices(
  tx: Tx,
  by: Principal,
  query: Omit<DeviceQuery, "scope" | "after" | "limit"> = {},
): AsyncGenerator<{ readonly text: string; readonly devices: number }> {
  const suppliers = await readSuppliers(tx);
  yield { text: csvLine(columnNames), devices: 0 };
  for (let after: DeviceQuery["after"]; ; ) {
    const page = await searchDevices(tx, by, {
      ...query,
      limit: pageSize,
      ...(after === undefined ? {} : { after }),
    });
    const lines = page.map((device) => {
      const text = textOf(device, suppliers);
      return csvLine(columns.map(([, name]) => text[name]));
    });
    if (lines.length > 0) yield { text: lines.join(""), devices: lines.length };
    if (page.length < pageSize) return;
    after = page.at(-1)?.deviceId;
  }
}
