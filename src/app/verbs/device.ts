import { Command, InvalidArgumentError } from "commander";
import { countDeviceCertificates } from "../../authorities/device-certificates.ts";
import { eui64, formatEui64 } from "../../certificates/index.ts";
import { wholeNumber } from "../../cli/arguments.ts";
import { table } from "../../cli/output.ts";
import { certificateLimitOf, setCertificateLimit } from "../../devices/certificate-limit.ts";
import type { Device, DeviceText } from "../../devices/device.ts";
import {
  changeDevice,
  deviceAt,
  type FormerDevice,
  findDevice,
  historyOfDevice,
  putDevice,
  searchDevices,
  textOf,
} from "../../devices/inventory.ts";
import { readSuppliers, type Suppliers } from "../../devices/suppliers.ts";
import { isSmkiError } from "../../errors/smki-error.ts";
import { deviceTypes, notInInventory, smiStatuses } from "../../rulebook/index.ts";
import { exportCommand, importCommand } from "./device-files.ts";
import { type DeviceFilter, queryOf, withDeviceFilter } from "./device-filter.ts";
import { type EstateOptions, withEstate, withEstateOptions } from "./estate-options.ts";
import { operatorAtMachine } from "./operator.ts";

/** The verb `smki device`: the Smart Metering Inventory, as far as certificates depend on it. */
export function deviceCommand(): Command {
  return new Command("device")
    .description("keeps the inventory of Devices, by which it is decided who may have certificates for which")
    .addCommand(addCommand())
    .addCommand(setCommand())
    .addCommand(showCommand())
    .addCommand(searchCommand())
    .addCommand(importCommand())
    .addCommand(exportCommand())
    .addCommand(limitCommand());
}

/** What may be said of a Device, as the options name it. */
interface DescriptionOptions extends EstateOptions {
  readonly type?: string;
  readonly status?: string;
  readonly importSupplier?: string;
  readonly gasSupplier?: string;
  readonly manufacturer?: string;
  readonly model?: string;
  readonly hardware?: string;
  readonly firmware?: string;
}

function withDescription(command: Command): Command {
  return withEstateOptions(command)
    .option("--type <type>", deviceTypes.join(", "))
    .option("--status <status>", `its SMI status, which Type 2 Devices have not: ${smiStatuses.join(", ")}`)
    .option("--import-supplier <party>", "the Import Supplier of record: signifier or name")
    .option("--gas-supplier <party>", "the Gas Supplier of record: signifier or name")
    .option("--manufacturer <name>", "who makes it")
    .option("--model <model>", "its model")
    .option("--hardware <version>", "its hardware version")
    .option("--firmware <version>", "its firmware version");
}

/** Only what was named: what is not stays as it is. */
function textFrom(options: DescriptionOptions): Omit<DeviceText, "deviceId"> {
  const named = {
    deviceType: options.type,
    smiStatus: options.status,
    importSupplier: options.importSupplier,
    gasSupplier: options.gasSupplier,
    manufacturer: options.manufacturer,
    model: options.model,
    hardwareVersion: options.hardware,
    firmwareVersion: options.firmware,
  };
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
}

function addCommand(): Command {
  return withDescription(new Command("add"))
    .description("lists a Device that the inventory does not have")
    .argument("<device>", "its Device ID, an EUI-64")
    .addHelpText(
      "after",
      `
Example:
  smki device add 00-DB-12-34-56-78-90-A4 --type ESME --status Commissioned --import-supplier NLE`,
    )
    .action((id: string, options: DescriptionOptions) =>
      withEstate(options, async ({ database, rules, clock }, output) => {
        const deviceId = eui64(id);
        const text = { ...textFrom(options), deviceId };
        await database.transaction((tx) => putDevice(tx, operatorAtMachine(), text, rules, clock(), "new"));
        output.answer({ device: deviceId, outcome: "added" }, `${formatEui64(deviceId)} is listed.`);
      }),
    );
}

function setCommand(): Command {
  return withDescription(new Command("set"))
    .description("changes what the inventory says of a Device; an empty value removes what was said")
    .argument("<device>", "its Device ID, an EUI-64")
    .addHelpText(
      "after",
      `
Example:
  smki device set 00-DB-12-34-56-78-90-A4 --status Decommissioned --import-supplier ""`,
    )
    .action((id: string, options: DescriptionOptions) =>
      withEstate(options, async ({ database, rules, clock }, output) => {
        const deviceId = eui64(id);
        const outcome = await database.transaction((tx) =>
          changeDevice(tx, operatorAtMachine(), deviceId, textFrom(options), rules, clock()),
        );
        output.answer({ device: deviceId, outcome }, `${formatEui64(deviceId)}: ${outcome}.`);
      }),
    );
}

function showCommand(): Command {
  return withEstateOptions(new Command("show"))
    .description(
      "shows a Device, listed or not: what the inventory says and said of it, and how many certificates it has",
    )
    .argument("<device>", "its Device ID, an EUI-64")
    .option("--at <time>", "what was so then, for a dispute: 2026-11-23T10:00:00Z", timeOf)
    .action((id: string, options: EstateOptions & { readonly at?: Date }) =>
      withEstate(options, async ({ database, rules }, output) => {
        const deviceId = eui64(id);
        const by = operatorAtMachine();
        const { at } = options;
        const found = await database.read(
          async (tx) => ({
            suppliers: await readSuppliers(tx),
            // One that is not listed may have certificates all the same, and a limit.
            device: await orNotListed(
              at === undefined ? findDevice(tx, by, deviceId) : deviceAt(tx, by, deviceId, at),
            ),
            history: at === undefined ? ((await orNotListed(historyOfDevice(tx, by, deviceId))) ?? []) : [],
            certificates: (await countDeviceCertificates(tx, [deviceId])).get(deviceId) ?? 0,
            limit: await certificateLimitOf(tx, deviceId),
          }),
          { snapshot: true },
        );
        const { suppliers, device, history, certificates, limit } = found;
        const limitText = limit === undefined ? "" : ` (${limit.setBy}: ${limit.reason})`;
        const facts = [
          ...(device === undefined ? [["state", notInInventory]] : factsOf(device, suppliers)),
          ...(at === undefined
            ? [
                [
                  "certificates",
                  `${String(certificates)} of at most ${String(limit?.certificates ?? rules.deviceCertificatesPerDevice.value)}${limitText}`,
                ],
                ...history.map((former) => [
                  `until ${former.until.toISOString()}`,
                  summary(former, suppliers),
                ]),
              ]
            : []),
        ];
        output.answer(
          { device: device ?? notInInventory, history, certificates, limit: limit ?? null },
          table(["Device", formatEui64(deviceId)], facts),
        );
      }),
    );
}

async function orNotListed<Found>(found: Promise<Found>): Promise<Found | undefined> {
  try {
    return await found;
  } catch (error) {
    if (isSmkiError(error, "DEVICE_NOT_LISTED")) return undefined;
    throw error;
  }
}

const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/;

function timeOf(text: string): Date {
  const time = new Date(text);
  if (!instant.test(text) || Number.isNaN(time.getTime()))
    throw new InvalidArgumentError("Give a time with its zone, such as 2026-06-01T12:00:00Z.");
  return time;
}

function factsOf(device: Device, suppliers: Suppliers): string[][] {
  const text = textOf(device, suppliers);
  return [
    ["type", text.deviceType],
    [
      "SMI status",
      text.smiStatus === "" ? "" : `${text.smiStatus} since ${device.statusSince.toISOString()}`,
    ],
    ["Import Supplier", text.importSupplier],
    ["Gas Supplier", text.gasSupplier],
    ["manufacturer", text.manufacturer],
    ["model", text.model],
    ["hardware version", text.hardwareVersion],
    ["firmware version", text.firmwareVersion],
    ["so since", device.since.toISOString()],
  ].filter(([, value]) => value !== "");
}

const summary = (device: FormerDevice, suppliers: Suppliers): string => {
  const { deviceId: _, ...text } = textOf(device, suppliers);
  return Object.values(text)
    .filter((value) => value !== "")
    .join(", ");
};

function searchCommand(): Command {
  return withDeviceFilter(withEstateOptions(new Command("search")))
    .description("shows Devices that match, in the order of their IDs")
    .option("--after <device>", "only those after this one")
    .option("--limit <number>", "so many at the most", wholeNumber(1, 10_000), 100)
    .action((options: EstateOptions & DeviceFilter & { readonly after?: string; readonly limit: number }) =>
      withEstate(options, async ({ database }, output) => {
        const { devices, suppliers } = await database.read(async (tx) => {
          const names = await readSuppliers(tx);
          const after = options.after === undefined ? {} : { after: eui64(options.after) };
          const query = { ...queryOf(options, names), ...after, limit: options.limit };
          return { devices: await searchDevices(tx, operatorAtMachine(), query), suppliers: names };
        });
        const rows = devices.map((device) => {
          const text = textOf(device, suppliers);
          const supplier = [text.importSupplier, text.gasSupplier].filter((name) => name !== "").join(" / ");
          const model = [text.manufacturer, text.model].filter((part) => part !== "").join(" ");
          return [formatEui64(device.deviceId), text.deviceType, text.smiStatus, supplier, model];
        });
        output.answer(
          devices,
          rows.length === 0
            ? "The inventory lists none that matches."
            : table(["Device ID", "type", "SMI status", "Import / Gas Supplier", "model"], rows),
        );
      }),
    );
}

function limitCommand(): Command {
  return withEstateOptions(new Command("limit"))
    .description(
      "gives a Device a limit of its own on its certificates, when its Subscriber asks for a review",
    )
    .argument("<device>", "its Device ID, an EUI-64; it need not be in the inventory")
    .requiredOption("--certificates <number>", "so many at the most", wholeNumber(1, 1_000_000))
    .requiredOption("--reason <text>", "why; it stays in the database, the ledger has a salted hash of it")
    .action(
      (id: string, options: EstateOptions & { readonly certificates: number; readonly reason: string }) =>
        withEstate(options, async ({ database, clock }, output) => {
          const deviceId = eui64(id);
          const { certificates, reason } = options;
          await database.transaction((tx) =>
            setCertificateLimit(tx, operatorAtMachine(), deviceId, { certificates, reason }, clock()),
          );
          output.answer(
            { device: deviceId, certificates },
            `${formatEui64(deviceId)} may have ${String(certificates)} certificates.`,
          );
        }),
    );
}
