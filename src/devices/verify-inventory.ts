import type { RawBuilder } from "kysely";
import { eui64, formatEui64 } from "../certificates/index.ts";
import type { Tx } from "../database/transaction.ts";
import type { Act, ActValue } from "../ledger/act.ts";
import type { RecordedAct } from "../ledger/all-acts.ts";
import { Findings, type LedgerFinding } from "../ledger/verification/finding.ts";
import type { DeviceDescription } from "./device.ts";
import { InventoryDigest } from "./inventory-digest.ts";
import { allVersions, brokenHistories, type DeviceVersion, devicesOfChange } from "./version-store.ts";

/** Findings that are named; the rest are counted. */
const mostNamed = 1_000;

/** SHA-256 over what a change of just now made of Devices, for its act. */
export async function digestOfChange(tx: Tx, change: number, source: RawBuilder<unknown>): Promise<string> {
  const digest = new InventoryDigest();
  for await (const device of devicesOfChange(tx, change, source)) digest.add(device);
  return digest.finish();
}

/** What one change made of the inventory: as its act has it, or as the rows have it. */
interface Change {
  readonly change: number;
  readonly devices: number;
  readonly digest: string;
  /** In ISO 8601; two where the rows do not agree. */
  readonly at: string;
  /** What it is about, for people. */
  readonly about: string;
}

/**
 * Compares the inventory and its history with the acts that made them so, both ways, without holding either: acts
 * come in the order of their changes, and the rows are walked beside them. Found is a Device that was listed,
 * altered, taken out or put back to what it was before behind the service's back.
 *
 * Give it every act in the order of the ledger, and then ask {@link findings}.
 */
export class InventoryCheck {
  readonly #tx: Tx;
  readonly #found = new Findings(mostNamed);
  readonly #held: AsyncGenerator<Change>;
  #next: Change | undefined;
  #isBegun = false;

  /** @param tx - of a snapshot, so that acts and rows are seen at one moment */
  constructor(tx: Tx) {
    this.#tx = tx;
    this.#held = heldChanges(tx);
  }

  /** Takes the next act; one that is not of the inventory is passed over. */
  async take({ act, leaf }: RecordedAct): Promise<void> {
    const recorded = changeIn(act);
    // A file that said nothing new left nothing.
    if (recorded === undefined || recorded.devices === 0) return;
    await this.#begin();
    while (this.#next !== undefined && this.#next.change < recorded.change) await this.#withoutAct();
    const held = this.#next;
    const place = leaf === undefined ? {} : { leaf };
    if (held?.change !== recorded.change) {
      this.#found.add({ kind: "record-missing", what: `${recorded.about} is not held`, ...place });
      return;
    }
    if (held.digest !== recorded.digest || held.at !== recorded.at || held.devices !== recorded.devices)
      this.#found.add({
        kind: "record-altered",
        what: `${recorded.about} is not held as the act has it${differenceOf(held, recorded)}`,
        ...place,
      });
    await this.#advance();
  }

  /** What does not hold; empty when all does. */
  async findings(): Promise<LedgerFinding[]> {
    await this.#begin();
    while (this.#next !== undefined) await this.#withoutAct();
    const { count, devices } = await brokenHistories(this.#tx, mostNamed);
    for (const device of devices)
      this.#found.add({
        kind: "record-altered",
        what: `the history of Device ${formatEui64(device)} does not lead to what the inventory says of it`,
      });
    const more = this.#found.count + count - devices.length - this.#found.named.length;
    const rest = `${String(more)} more changes or histories of the inventory do not hold`;
    return [...this.#found.named, ...(more > 0 ? [{ kind: "record-altered", what: rest } as const] : [])];
  }

  async #withoutAct(): Promise<void> {
    if (this.#next !== undefined)
      this.#found.add({
        kind: "record-without-leaf",
        what: `${this.#next.about} is held, and no act says so`,
      });
    await this.#advance();
  }

  async #begin(): Promise<void> {
    if (this.#isBegun) return;
    this.#isBegun = true;
    await this.#advance();
  }

  async #advance(): Promise<void> {
    const next = await this.#held.next();
    this.#next = next.done === true ? undefined : next.value;
  }
}

function differenceOf(held: Change, recorded: Change): string {
  if (held.devices !== recorded.devices)
    return `: there are ${String(held.devices)} of ${String(recorded.devices)} Devices`;
  return held.at === recorded.at ? "" : `: it is dated ${held.at}`;
}

/** The change that an act tells of; undefined when it is not of the inventory. */
function changeIn({ kind, at, subject }: Act): Change | undefined {
  const change = Number(subject["change"]);
  const about = (what: string) => `what change ${String(change)} of the inventory says of ${what}`;
  switch (kind) {
    case "device.listed":
    case "device.changed": {
      const digest = new InventoryDigest();
      const device = describedIn(subject);
      digest.add(device);
      return {
        ...{ change, devices: 1, digest: digest.finish(), at: at.toISOString() },
        about: about(`Device ${formatEui64(device.deviceId)}`),
      };
    }
    case "devices.imported":
      return {
        ...{ change, at: at.toISOString(), digest: textOf(subject["devices"]) },
        devices: Number(subject["added"]) + Number(subject["changed"]),
        about: about(`the Devices of the file with SHA-256 ${textOf(subject["sha256"])}`),
      };
    default:
      return undefined;
  }
}

const textOf = (value: ActValue | undefined): string => (typeof value === "string" ? value : "");

/** As `putDevice` writes it; what is null there is absent here. */
function describedIn({ device, change: _, ...facts }: Act["subject"]): DeviceDescription {
  const said = Object.entries(facts).filter(([, value]) => value !== null);
  return { ...Object.fromEntries(said), deviceId: eui64(textOf(device)) } as DeviceDescription;
}

/** The changes of which rows are held, in the order of their numbers. */
async function* heldChanges(tx: Tx): AsyncGenerator<Change> {
  let of: { first: DeviceVersion; digest: InventoryDigest; at: string } | undefined;
  for await (const version of allVersions(tx)) {
    if (of !== undefined && of.first.change !== version.change) {
      yield changeOf(of);
      of = undefined;
    }
    const at = version.since.toISOString();
    of ??= { first: version, digest: new InventoryDigest(), at };
    of.digest.add(version.device);
    if (at !== of.first.since.toISOString()) of.at = `${of.first.since.toISOString()} and ${at}`;
  }
  if (of !== undefined) yield changeOf(of);
}

function changeOf({
  first,
  digest,
  at,
}: {
  first: DeviceVersion;
  digest: InventoryDigest;
  at: string;
}): Change {
  const { devices } = digest;
  const others = devices === 1 ? "" : ` and ${String(devices - 1)} others`;
  const about = `what change ${String(first.change)} of the inventory says of Device ${formatEui64(first.device.deviceId)}${others}`;
  return { change: first.change, devices, digest: digest.finish(), at, about };
}
