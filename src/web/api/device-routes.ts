import type { FastifyRequest } from "fastify";
import Type, { type Static } from "typebox";
import { eui64, formatEui64 } from "../../certificates/index.ts";
import type { Device, DeviceText } from "../../devices/device.ts";
import { importDevices } from "../../devices/import-devices.ts";
import { findDevice, historyOfDevice, putDevice, searchDevices, textOf } from "../../devices/inventory.ts";
import { requireKeeper } from "../../devices/permissions.ts";
import { readSuppliers, type Suppliers } from "../../devices/suppliers.ts";
import { deviceTypes, smiStatuses } from "../../rulebook/index.ts";
import type { WebServer } from "../server/create-server.ts";
import { principalOf } from "../server/principal.ts";
import { limitUploads } from "../server/upload-slots.ts";
import type { ApiContext } from "./context.ts";
import { withSpooledBody } from "./spooled-body.ts";

const DeviceId = Type.Object({
  device: Type.String({ minLength: 16, maxLength: 23, description: "EUI-64" }),
});
const ShortText = Type.String({ maxLength: 64 });
const Supplier = Type.String({ maxLength: 200, description: "Signifier or name; empty for none" });

/** What is said of a Device, as text. */
const Description = Type.Object(
  {
    deviceType: Type.Enum([...deviceTypes]),
    smiStatus: Type.Optional(Type.Union([Type.Enum([...smiStatuses]), Type.Literal("")])),
    importSupplier: Type.Optional(Supplier),
    gasSupplier: Type.Optional(Supplier),
    manufacturer: Type.Optional(ShortText),
    model: Type.Optional(ShortText),
    hardwareVersion: Type.Optional(ShortText),
    firmwareVersion: Type.Optional(ShortText),
  },
  { additionalProperties: false },
);

const time = Type.String({ format: "date-time" });
const DeviceView = Type.Object(
  {
    deviceId: Type.String({ description: "EUI-64" }),
    deviceType: Type.String(),
    smiStatus: Type.String({ description: "Empty of a Type 2 Device" }),
    importSupplier: Type.String({ description: "Signifier or name; empty for none" }),
    gasSupplier: Type.String(),
    manufacturer: Type.String(),
    model: Type.String(),
    hardwareVersion: Type.String(),
    firmwareVersion: Type.String(),
    statusSince: time,
    since: Type.String({ format: "date-time", description: "Since when all of this is so" }),
    until: Type.Optional(time),
  },
  { $id: "Device" },
);

const ImportView = Type.Object({
  sha256: Type.String({ description: "Of the file; the ledger's act has it too" }),
  rows: Type.Integer(),
  added: Type.Integer(),
  changed: Type.Integer(),
  unchanged: Type.Integer(),
});

function deviceView(device: Device, suppliers: Suppliers): Static<typeof DeviceView> {
  return {
    ...textOf(device, suppliers),
    deviceId: formatEui64(device.deviceId),
    statusSince: device.statusSince.toISOString(),
    since: device.since.toISOString(),
  };
}

/** The inventory of Devices: kept by the DCC, read by each Party for its own. */
export function deviceRoutes(server: WebServer, context: ApiContext): void {
  const { database, clock, rules, uploads } = context;

  server.get(
    "/api/v1/devices",
    {
      schema: {
        summary: "Devices of your own Party that match, in the order of their IDs",
        querystring: Type.Object(
          {
            type: Type.Optional(Type.Enum([...deviceTypes])),
            status: Type.Optional(Type.Enum([...smiStatuses])),
            manufacturer: Type.Optional(ShortText),
            model: Type.Optional(ShortText),
            after: Type.Optional(Type.String({ description: "The last Device of the page before" })),
            limit: Type.Optional(
              Type.Integer({ minimum: 1, maximum: 1_000, description: "100 if left out" }),
            ),
          },
          { additionalProperties: false },
        ),
        response: { 200: Type.Object({ devices: Type.Array(DeviceView) }) },
      },
    },
    async (request) => {
      const { type, status, manufacturer, model, after, limit = 100 } = request.query;
      const query = {
        limit,
        ...(type === undefined ? {} : { deviceType: type }),
        ...(status === undefined ? {} : { smiStatus: status }),
        ...(manufacturer === undefined ? {} : { manufacturer }),
        ...(model === undefined ? {} : { model }),
        ...(after === undefined ? {} : { after: eui64(after) }),
      };
      return database.read(async (tx) => {
        const suppliers = await readSuppliers(tx);
        const found = await searchDevices(tx, principalOf(request), query);
        return { devices: found.map((device) => deviceView(device, suppliers)) };
      });
    },
  );

  server.get(
    "/api/v1/devices/:device",
    { schema: { summary: "One Device of your own Party", params: DeviceId, response: { 200: DeviceView } } },
    (request) =>
      database.read(async (tx) => {
        const device = await findDevice(tx, principalOf(request), eui64(request.params.device));
        return deviceView(device, await readSuppliers(tx));
      }),
  );

  server.get(
    "/api/v1/devices/:device/history",
    {
      schema: {
        summary: "What was so of a Device before, newest first",
        params: DeviceId,
        response: { 200: Type.Object({ history: Type.Array(DeviceView) }) },
      },
    },
    (request) =>
      database.read(async (tx) => {
        const suppliers = await readSuppliers(tx);
        const former = await historyOfDevice(tx, principalOf(request), eui64(request.params.device));
        return {
          history: former.map((one) => ({ ...deviceView(one, suppliers), until: one.until.toISOString() })),
        };
      }),
  );

  server.put(
    "/api/v1/devices/:device",
    {
      schema: {
        summary: "List a Device, or say all of it anew (the DCC)",
        params: DeviceId,
        body: Description,
        response: {
          200: Type.Object({ outcome: Type.Enum(["added", "changed", "unchanged"]) }),
        },
      },
    },
    async (request) => {
      const text: DeviceText = { ...request.body, deviceId: request.params.device };
      const outcome = await database.transaction((tx) =>
        putDevice(tx, principalOf(request), text, rules, clock()),
      );
      return { outcome };
    },
  );

  // In a scope of its own: only here is a file taken for a body.
  void server.register((scope: WebServer, _, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("text/csv", (_request, payload, parsed) => {
      parsed(null, payload);
    });
    scope.post(
      "/api/v1/devices",
      {
        preParsing: limitUploads(uploads),
        schema: {
          summary: "Take in a file of Devices, all or nothing (the DCC)",
          // Described, and checked line by line as it is read.
          body: { content: { "text/csv": { schema: Type.Any() } } },
          querystring: Type.Object(
            { dryRun: Type.Optional(Type.Boolean()) },
            { additionalProperties: false },
          ),
          response: { 200: ImportView },
        },
      },
      async (request: FastifyRequest<{ Querystring: { dryRun?: boolean } }>) => {
        const by = principalOf(request);
        // Before a single octet is taken of somebody who may not send it.
        await database.read((tx) => requireKeeper(tx, by));
        return withSpooledBody(request.body, (source) =>
          database.transaction((tx) =>
            importDevices(tx, by, source(), { rules, at: clock(), dryRun: request.query.dryRun ?? false }),
          ),
        );
      },
    );
    done();
  });
}
