import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { requestRevocation } from "../authorities/revocation/request-revocation.ts";
import { markNotInUse } from "../authorities/revocation/revoke.ts";
import { eui64, remotePartyRole, type SerialNumber } from "../certificates/index.ts";
import {
  type IssuingEstate,
  issuedSerialNumbers,
  issuingEstate,
  makeDeviceCsr,
  makeOrganisationCsr,
  sampleParties,
} from "../issuance/issuance.testkit.ts";
import { workChunk } from "../issuance/work-chunk.ts";
import { lookUps } from "./look-ups.ts";
import {
  type CertificateSearch,
  earlierRevocationList,
  issuerCertificate,
  issuerCertificates,
  retrieveCertificate,
  revocationList,
  searchCertificates,
} from "./repository.ts";
import { certificateStatuses } from "./status.ts";

let estate: IssuingEstate;
const serials: Record<"used" | "unused" | "good" | "revoked", SerialNumber> = {
  used: "" as SerialNumber,
  unused: "" as SerialNumber,
  good: "" as SerialNumber,
  revoked: "" as SerialNumber,
};
const device = eui64("00db12ffffff0007");
const pendingDevice = eui64("00db12ffffff0008");
const later = new Date("2036-06-03T00:00:00Z");

beforeAll(async () => {
  estate = await issuingEstate({ stockSize: 2 });
  const devices = (["digitalSignature", "keyAgreement"] as const).map((keyUsage) =>
    makeDeviceCsr({ deviceId: device, keyUsage }),
  );
  const [used = expect.fail(), unused = expect.fail()] = issuedSerialNumbers(
    await estate.issue(estate.manufacturer, "device", devices),
  );
  const csrs = [makeOrganisationCsr(), makeOrganisationCsr({ keyUsage: "keyAgreement" })];
  const [good = expect.fail(), revoked = expect.fail()] = issuedSerialNumbers(
    await estate.issue(estate.supplier, "organisation", csrs),
  );
  Object.assign(serials, { used, unused, good, revoked });
  const at = estate.clock.read();
  await estate.database.transaction(async (tx) => {
    await markNotInUse(tx, { serialNumber: unused, reason: "rejected", reportedBy: "test" }, at);
    await requestRevocation(tx, estate.supplier, revoked, "keyCompromise", at);
  });
  // Recorded and not signed, as a worker that was stopped leaves it.
  const waiting = [makeDeviceCsr(), makeDeviceCsr({ deviceId: pendingDevice })];
  await stopOnceRecorded(await estate.submit(estate.manufacturer, "device", waiting));
  const other = makeOrganisationCsr({ keyUsage: "keyAgreement" });
  await stopOnceRecorded(await estate.submit(estate.supplier, "organisation", [other]));
});
afterAll(() => estate.end());

async function stopOnceRecorded(batch: number): Promise<void> {
  const [chunk = 0] = await estate.chunksOf(batch);
  await new Promise<void>((stopped) => {
    const authority = estate.issuing({
      afterStep: (step) => {
        if (step !== "record") return;
        stopped();
        return new Promise<never>(() => undefined);
      },
    });
    void workChunk(authority, chunk);
  });
}

const search = (what: CertificateSearch, now = estate.clock.read()) =>
  estate.database.read((tx) => searchCertificates(tx, what, now));
const found = async (what: CertificateSearch, now?: Date) =>
  (await search(what, now)).map(({ serialNumber }) => serialNumber);

describe("the status of a certificate:", () => {
  const status = async (serialNumber: SerialNumber, now = estate.clock.read()) =>
    (await estate.database.read((tx) => retrieveCertificate(tx, serialNumber, now))).status;

  test("lodged is I", async () => {
    expect(await status(serials.used)).toBe("I");
    expect(await status(serials.good)).toBe("I");
  });
  test("reported as not in use is N", async () => {
    expect(await status(serials.unused)).toBe("N");
  });
  test("revoked is R, for ever", async () => {
    expect(await status(serials.revoked)).toBe("R");
    expect(await status(serials.revoked, later)).toBe("R");
  });
  test("past its end is E; a Device Certificate has none", async () => {
    expect(await status(serials.good, later)).toBe("E");
    expect(await status(serials.used, later)).toBe("I");
  });
  test("recorded to be issued and not lodged is P, found by a search for P only, with no octets", async () => {
    const [pending, ...others] = await search({ device: pendingDevice, status: "P" });
    expect(pending).toMatchObject({ status: "P", subjectIdentifier: pendingDevice, usage: "DS" });
    expect(pending?.certificate).toHaveLength(0);
    expect(others).toEqual([]);
    expect(await search({ device: pendingDevice })).toEqual([]);
    expect(await search({ device, status: "P" })).toEqual([]);
  });
  test("P is found by each part of a search, in whichever chunk it waits", async () => {
    const organisation = sampleParties.supplier.identifiers[0];
    const role = remotePartyRole(2);
    const [ofOrganisation = expect.fail(), ...others] = await found({ organisation, status: "P" });
    expect(others).toEqual([]);
    const [ofDevice = expect.fail()] = await found({ device: pendingDevice, status: "P" });
    expect(await found({ serialNumber: ofOrganisation, status: "P" })).toEqual([ofOrganisation]);
    expect(await found({ serialNumber: ofDevice, status: "P" })).toEqual([ofDevice]);
    expect(await found({ serialNumber: ofDevice, device, status: "P" })).toEqual([]);
    expect(await found({ role, status: "P" })).toEqual([ofOrganisation]);
    expect(await found({ role, usage: "DS", status: "P" })).toEqual([]);
    expect(await found({ role: remotePartyRole(3), status: "P" })).toEqual([]);
    expect(await found({ usage: "CA", status: "P" })).toEqual([]);
    expect(await found({ usage: "KA", status: "P" })).toEqual([ofOrganisation]);
    expect(await found({ status: "P" })).toHaveLength(3);
  });
});

describe("a search", () => {
  test("by status gives those whose status it is, at any time", async () => {
    for (const now of [estate.clock.read(), later])
      for (const wanted of certificateStatuses.filter((each) => each !== "P")) {
        const all = [
          ...(await search({ device }, now)),
          ...(await search({ role: remotePartyRole(2) }, now)),
        ];
        const expected = all.filter(({ status }) => status === wanted).map((each) => each.serialNumber);
        const byStatus = [
          ...(await found({ device, status: wanted }, now)),
          ...(await found({ role: remotePartyRole(2), status: wanted }, now)),
        ];
        expect(byStatus, wanted).toEqual(expected);
      }
    expect(await found({ status: "R" })).toEqual([serials.revoked]);
    expect(await found({ status: "N" })).toEqual([serials.unused]);
    expect(await found({ organisation: sampleParties.supplier.identifiers[0], status: "E" }, later)).toEqual([
      serials.good,
    ]);
  });
  test("by device, organisation, role, usage and serial number narrows by each", async () => {
    expect(await found({ device })).toEqual([serials.unused, serials.used].toSorted().toReversed());
    expect(await found({ device, usage: "DS" })).toEqual([serials.used]);
    const organisation = sampleParties.supplier.identifiers[0];
    expect((await found({ organisation })).toSorted()).toEqual([serials.good, serials.revoked].toSorted());
    expect(await found({ organisation, usage: "KA" })).toEqual([serials.revoked]);
    expect(await found({ role: remotePartyRole(2), usage: "DS" })).toEqual([serials.good]);
    expect(await found({ role: remotePartyRole(3) })).toEqual([]);
    expect(await found({ serialNumber: serials.used })).toEqual([serials.used]);
    expect(await found({ device: eui64("00db12ffffff0009") })).toEqual([]);
  });
  test("for CAs gives their certificates", async () => {
    expect(await found({ usage: "CA" })).toHaveLength((await estate.authorities()).length);
  });
  test("for nothing is refused", async () => {
    await expect(search({})).rejects.toMatchObject({ code: "SEARCH_EMPTY" });
  });
});

describe("the repository gives", () => {
  test("the CAs but the stock, each by its identifier", async () => {
    const ids = (await estate.database.read((tx) => issuerCertificates(tx))).map(({ id }) => id);
    expect(ids).toContain("issuing-dca/0001");
    expect(ids).not.toContain("issuing-dca/0002");
    await expect(
      estate.database.read((tx) => issuerCertificate(tx, "issuing-dca/0002")),
    ).rejects.toMatchObject({ code: "AUTHORITY_NOT_FOUND" });
  });
  test("the current list of each CA that has one", async () => {
    const list = (id: string) => estate.database.read((tx) => revocationList(tx, id));
    expect(await list("root-oca")).toMatchObject({ number: 1, entries: 0 });
    const { list: octets } = await list("root-oca");
    const earlier = (number: number) =>
      estate.database.read((tx) => earlierRevocationList(tx, "root-oca", number));
    expect(await earlier(1)).toEqual(octets);
    await expect(earlier(2)).rejects.toMatchObject({ code: "LIST_NUMBER_UNKNOWN" });
    await expect(list("issuing-dca/0001")).rejects.toMatchObject({ code: "LIST_NOT_FOUND" });
    await expect(list("nobody")).rejects.toMatchObject({ code: "AUTHORITY_NOT_FOUND" });
  });
  test("no certificate for a serial number that was never issued", async () => {
    const unknown = "1".repeat(32) as SerialNumber;
    await expect(
      estate.database.read((tx) => retrieveCertificate(tx, unknown, estate.clock.read())),
    ).rejects.toMatchObject({ code: "CERTIFICATE_NOT_FOUND" });
  });
});

describe("look-ups that come in together", () => {
  test("each get the answer that they would have had alone", async () => {
    const look = lookUps(estate.database, estate.clock.read);
    const unknown = "1".repeat(32) as SerialNumber;
    const asked = [serials.revoked, unknown, serials.used, serials.unused, serials.used];
    const retrieved = await Promise.allSettled(asked.map((serialNumber) => look.retrieve(serialNumber)));
    expect(
      retrieved.map((one) =>
        one.status === "fulfilled"
          ? [one.value.serialNumber, one.value.status]
          : (one.reason as { code: string }).code,
      ),
    ).toEqual([
      [serials.revoked, "R"],
      "CERTIFICATE_NOT_FOUND",
      [serials.used, "I"],
      [serials.unused, "N"],
      [serials.used, "I"],
    ]);
    const searches: CertificateSearch[] = [
      { device },
      { device: pendingDevice },
      { device, usage: "KA" },
      { device },
      { device, status: "N" },
    ];
    const together = await Promise.all(searches.map((what) => look.search(what)));
    expect(together).toEqual(await Promise.all(searches.map((what) => search(what))));
    expect(together.map((certificates) => certificates.length)).toEqual([2, 0, 1, 2, 1]);
  });
});
