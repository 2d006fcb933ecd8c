import { generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { assembleCsr, buildDeviceCsrInfo, eui64, oid } from "../../certificates/index.ts";
import { localOperator } from "../../registration/principal.ts";
import { findParty } from "../../registration/registration.ts";
import { searchCertificates } from "../../repository/repository.ts";
import { startService } from "../processes/up.ts";
import { settingsOf } from "../verbs/estate-options.ts";
import { type ReleaseSnapshot, restoreRelease } from "./release-snapshot.testkit.ts";
import { requestCertificate } from "./request.ts";
import { verifyEstate } from "./verify.ts";

const releases = join(import.meta.dirname, "../../../test-data/releases");
const kept = readdirSync(releases).filter((name) => name.endsWith(".json.gz"));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "smki-last-release-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("this release starts on the data of an earlier one", () => {
  test("the data of at least one release is kept", () => {
    expect(kept.length).toBeGreaterThan(0);
  });

  test.each(kept)(
    "%s: everything is found again, issuing goes on, the ledger holds",
    { timeout: 60_000 },
    async (name) => {
      const snapshot = JSON.parse(
        gunzipSync(readFileSync(join(releases, name))).toString(),
      ) as ReleaseSnapshot;
      await restoreRelease(snapshot, folder);
      const settings = settingsOf({ data: folder }, { "web.port": 0, "repositoryService.port": 0 });
      const service = await startService(settings);
      try {
        const { database, clock } = service.estate;
        const device = eui64("00db123460000000");
        const before = await database.read((tx) => searchCertificates(tx, { device }, clock()));
        expect(before.map(({ usage, status }) => `${usage} ${status}`).sort()).toEqual(["DS I", "KA I"]);

        const party = await database.read((tx) => findParty(tx, "Sample Meters GmbH"));
        const submission = { reference: "after the upgrade", partyId: party.id };
        const issued = await requestCertificate(
          service.estate,
          localOperator("test"),
          "device",
          submission,
          deviceCsr(),
        );
        expect(snapshot.tables["certificate"]).not.toContainEqual(
          expect.objectContaining({ serial_number: `\\x${issued.serialNumber}` }),
        );

        const report = await verifyEstate(service.estate);
        expect(report.findings).toEqual([]);
        expect(report.certificates?.held).toBe((snapshot.tables["certificate"]?.length ?? 0) + 1);
      } finally {
        await service.stop();
      }
    },
  );
});

function deviceCsr(): Buffer {
  const pair = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const info = buildDeviceCsrInfo({
    deviceId: eui64("00db123460000000"),
    hardwareType: oid("1.2.826.0.1.8641679.1.2.2.1"),
    keyUsage: "digitalSignature",
    publicKey: pair.publicKey.export({ format: "der", type: "spki" }).subarray(-65),
  });
  return assembleCsr(info, sign("sha256", info, pair.privateKey));
}
