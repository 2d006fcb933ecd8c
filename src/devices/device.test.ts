import { describe, expect, test } from "vitest";
import { rulebookFor } from "../rulebook/index.ts";
import { type DeviceText, readDevice } from "./device.ts";

const rules = rulebookFor("response");
const supplierOf = (name: string) => (name === "NLE" ? 7 : undefined);
const meter: DeviceText = {
  deviceId: "00-DB-12-34-56-78-90-A4",
  deviceType: "ESME",
  smiStatus: "Commissioned",
  importSupplier: "NLE",
  gasSupplier: "",
  manufacturer: "Halfpenny Meters Ltd",
  model: "HP-3",
  firmwareVersion: "0002012F",
};
const read = (changes: DeviceText = {}) => readDevice({ ...meter, ...changes }, supplierOf, rules);

describe("what is said of a Device", () => {
  test("is read, and what is empty is left out", () => {
    expect(read()).toEqual({
      deviceId: "00db1234567890a4",
      deviceType: "ESME",
      smiStatus: "Commissioned",
      importSupplier: 7,
      manufacturer: "Halfpenny Meters Ltd",
      model: "HP-3",
      firmwareVersion: "0002012F",
    });
  });

  test("may write types and statuses in either case", () => {
    expect(read({ deviceType: "gsme", smiStatus: "installednotcommissioned" })).toMatchObject({
      deviceType: "GSME",
      smiStatus: "InstalledNotCommissioned",
    });
  });

  test("is of a Type 2 Device without an SMI status", () => {
    expect(read({ deviceType: "IHD", smiStatus: "" })).not.toHaveProperty("smiStatus");
  });

  test.each<[keyof DeviceText, string, string]>([
    ["deviceId", "00db12", "16 hexadecimal digits"],
    ["deviceId", "", "16 hexadecimal digits"],
    ["deviceType", "PPMID", "PPMID-electricity, PPMID-gas"],
    ["smiStatus", "", "Pending"],
    ["smiStatus", "Installed", "InstalledNotCommissioned"],
    ["importSupplier", "Nobody", "signifier"],
    ["gasSupplier", "Nobody", "signifier"],
    ["model", "x".repeat(65), "64 at the most"],
    ["firmwareVersion", "1\u001b[31m", "printed"],
    ["hardwareVersion", "a\u2028b", "printed"],
  ])("is refused for its %s when that is %j, and says what would be right", (field, value, remedy) => {
    expect(() => read({ [field]: value })).toThrow(
      expect.objectContaining({
        code: "DEVICE_INVALID",
        details: { field, problem: expect.stringContaining(remedy) as string },
      }) as Error,
    );
  });

  test("is refused when a Type 2 Device has an SMI status", () => {
    expect(() => read({ deviceType: "CAD" })).toThrow(
      expect.objectContaining({
        details: expect.objectContaining({ field: "smiStatus" }) as object,
      }) as Error,
    );
  });
});
