import { hash } from "node:crypto";
import { expect, test } from "vitest";
import { withTestDatabase } from "../database/testkit.ts";
import { lodgeTestHierarchy } from "./authorities.testkit.ts";
import { presentedIsOurs } from "./certificates.ts";

test("a presented certificate is ours by its octets: the serial number alone is anybody's to give", () =>
  withTestDatabase(async (database) => {
    const at = new Date("2026-06-01T12:00:00Z");
    const hierarchy = await database.transaction((tx) => lodgeTestHierarchy(tx, at));
    const [ours, other] = [hierarchy["root-oca"], hierarchy["root-dca"]];
    const digest = hash("sha256", ours.certificate, "hex");
    const asked = (serialNumber: typeof ours.fields.serialNumber, sha256: string) =>
      database.read((tx) => presentedIsOurs(tx, serialNumber, sha256));
    expect(await asked(ours.fields.serialNumber, digest)).toBe(true);
    expect(await asked(ours.fields.serialNumber, digest.toUpperCase())).toBe(true);
    expect(await asked(ours.fields.serialNumber, hash("sha256", other.certificate, "hex"))).toBe(false);
    expect(await asked(other.fields.serialNumber, digest)).toBe(false);
  }));
