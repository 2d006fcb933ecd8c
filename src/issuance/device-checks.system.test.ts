import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { issuingTerms, rules } from "../authorities/ceremony/terms.testkit.ts";
import { countDeviceCertificates, currentDeviceCertificates } from "../authorities/device-certificates.ts";
import type { IssuingAuthority } from "../authorities/issuing/issue.ts";
import type { Eui64 } from "../certificates/index.ts";
import { readClaims } from "../devices/certificate-claims.ts";
import { certificateLimitOf, setCertificateLimit } from "../devices/certificate-limit.ts";
import type { DeviceText } from "../devices/device.ts";
import { putDevice } from "../devices/inventory.ts";
import type { PartyCategory } from "../registration/party.ts";
import { approveSubscriber, registerParty } from "../registration/registration.ts";
import { resumeAll } from "./held-chunks.ts";
import {
  type IssuingEstate,
  issuingEstate,
  makeDeviceCsr,
  makeOrganisationCsr,
  nextDevice,
  operator,
  words,
} from "./issuance.testkit.ts";
import { workChunk } from "./work-chunk.ts";

let estate: IssuingEstate;
beforeAll(async () => {
  estate = await issuingEstate();
});
afterAll(async () => estate.end());

/** Lists a Device, Commissioned unless it is said otherwise. */
async function list(text: DeviceText): Promise<Eui64> {
  const deviceId = nextDevice();
  const device = { deviceType: "ESME", smiStatus: "Commissioned", ...text, deviceId };
  await estate.database.transaction((tx) => putDevice(tx, operator, device, rules, estate.clock.read()));
  return deviceId;
}

/** A Party that may ask for Device Certificates. */
async function subscriber(name: string, category: PartyCategory): Promise<number> {
  const at = estate.clock.read();
  return estate.database.transaction(async (tx) => {
    const party = { name, categories: [category], roles: [], identifiers: [], ranges: [] };
    const id = await registerParty(tx, operator, party, at);
    await approveSubscriber(tx, operator, id, "device", at);
    return id;
  });
}

async function issueFor(partyId: number, csrs: readonly Uint8Array[], changes?: Partial<IssuingAuthority>) {
  const batch = await estate.submit(operator, "device", csrs, { partyId });
  await estate.work(batch, changes);
  return estate.outcomes(batch);
}

/** Issuing under which a Device may have so many certificates. */
const atMost = (value: number): Partial<IssuingAuthority> => ({
  terms: {
    ...issuingTerms,
    devices: { ...rules, deviceCertificatesPerDevice: { ...rules.deviceCertificatesPerDevice, value } },
  },
});

const csrsFor = (deviceId: Eui64, count: number) =>
  Array.from({ length: count }, () => makeDeviceCsr({ deviceId }));
const issuedFor = async (deviceId: Eui64) =>
  (await estate.database.read((tx) => countDeviceCertificates(tx, [deviceId]))).get(deviceId) ?? 0;

describe("a Device CSR is checked against the inventory", () => {
  test("each in its chunk by itself, with what the inventory says as the reason", async () => {
    const commissioned = await list({});
    const pending = await list({ smiStatus: "Pending" });
    const display = await list({ deviceType: "IHD", smiStatus: "" });
    const outcomes = await issueFor(
      estate.parties.manufacturer,
      [nextDevice(), commissioned, pending, display].map((deviceId) => makeDeviceCsr({ deviceId })),
    );
    expect(words(outcomes)).toEqual(["issued", "DEVICE_NOT_ELIGIBLE", "issued", "DEVICE_NOT_ELIGIBLE"]);
    expect(outcomes[1]).toMatchObject({
      details: {
        device: commissioned,
        deviceType: "ESME",
        smiStatus: "Commissioned",
        reason: "not-responsible",
      },
    });
    expect(outcomes[3]).toMatchObject({ details: { deviceType: "IHD", reason: "type-2-device" } });
  });

  test("as it stands when the chunk is worked on, not when it was received", async () => {
    const deviceId = nextDevice();
    const batch = await estate.submit(operator, "device", csrsFor(deviceId, 1), {
      partyId: estate.parties.manufacturer,
    });
    const device = { deviceId, deviceType: "GSME", smiStatus: "InstalledNotCommissioned" };
    await estate.database.transaction((tx) => putDevice(tx, operator, device, rules, estate.clock.read()));
    await estate.work(batch);
    expect(words(await estate.outcomes(batch))).toEqual(["DEVICE_NOT_ELIGIBLE"]);
  });

  test("and its Supplier of record has what nobody else may have", async () => {
    const gas = await subscriber("Southern Gas Supply Ltd", "large-supplier");
    const electricity = await subscriber("Western Power Supply Ltd", "large-supplier");
    const meter = await list({ deviceType: "GSME", gasSupplier: "Southern Gas Supply Ltd" });
    expect(words(await issueFor(electricity, csrsFor(meter, 1)))).toEqual(["DEVICE_NOT_ELIGIBLE"]);
    expect(words(await issueFor(gas, csrsFor(meter, 2)))).toEqual(["issued", "issued"]);
  });

  test("the DCC's own requests are told from all others in the ledger", async () => {
    const dcc = await subscriber("Data Hub Ltd", "dcc");
    const hub = await list({ deviceType: "CHF" });
    expect(words(await issueFor(dcc, csrsFor(hub, 2)))).toEqual(["issued", "issued"]);
    const acts = await estate.actsOf("certificates.intended-for-dcc");
    expect(acts.map(({ subject }) => subject)).toEqual([
      expect.objectContaining({ party: dcc, count: 2 }) as object,
    ]);
  });

  test("an Organisation CSR is no matter of the inventory", async () => {
    expect(words(await estate.issue(estate.supplier, "organisation", [makeOrganisationCsr()]))).toEqual([
      "issued",
    ]);
  });
});

describe("a Device has no more certificates than it may", () => {
  test("counting those that it has and those before in the chunk; the others of the chunk are issued", async () => {
    const [deviceId, neighbour] = [nextDevice(), nextDevice()];
    const limit = atMost(3);
    const { manufacturer } = estate.parties;
    expect(words(await issueFor(manufacturer, csrsFor(deviceId, 2), limit))).toEqual(["issued", "issued"]);
    const outcomes = await issueFor(manufacturer, [...csrsFor(deviceId, 2), ...csrsFor(neighbour, 1)], limit);
    expect(words(outcomes)).toEqual(["issued", "DEVICE_CERTIFICATE_LIMIT", "issued"]);
    expect(outcomes[1]).toMatchObject({ details: { device: deviceId, certificates: 3, limit: 3 } });
  });

  test("counting what another chunk has recorded and not published, whose worker died", async () => {
    const deviceId = nextDevice();
    const { manufacturer: partyId } = estate.parties;
    const left = await estate.submit(operator, "device", csrsFor(deviceId, 2), { partyId });
    const death = new Error("killed");
    const dies = (step: string) => {
      if (step === "record") throw death;
    };
    await estate.work(left, { ...atMost(3), afterStep: dies }).catch(() => undefined);
    expect(await issuedFor(deviceId)).toBe(0);
    expect(words(await issueFor(partyId, csrsFor(deviceId, 2), atMost(3)))).toEqual([
      "issued",
      "DEVICE_CERTIFICATE_LIMIT",
    ]);
    // The one that was left has what it recorded, and no more can come.
    await estate.database.transaction((tx) => resumeAll(tx, operator, estate.clock.read()));
    await estate.work(left, atMost(3));
    expect(words(await estate.outcomes(left))).toEqual(["issued", "issued"]);
    expect(await issuedFor(deviceId)).toBe(3);
  });

  test.each([2, 6])("when %i chunks come for it at the same moment", async (chunks) => {
    const deviceId = nextDevice();
    const { manufacturer: partyId } = estate.parties;
    const batches = await Promise.all(
      Array.from({ length: chunks }, () =>
        estate.submit(operator, "device", csrsFor(deviceId, 3), { partyId }),
      ),
    );
    // All have looked before any has recorded: the worst that can be.
    let looked = 0;
    const all = Promise.withResolvers<undefined>();
    const afterStep = async (step: string) => {
      if (step !== "intend") return;
      looked += 1;
      if (looked >= chunks) all.resolve(undefined);
      await all.promise;
    };
    const issuing = estate.issuing({ ...atMost(5), afterStep });
    await Promise.all(
      batches.map(async (batch) => {
        for (const chunk of await estate.chunksOf(batch)) await workChunk(issuing, chunk);
      }),
    );
    const outcomes = (await Promise.all(batches.map(estate.outcomes))).flatMap(words);
    expect(outcomes.filter((word) => word === "issued")).toHaveLength(5);
    expect(outcomes.filter((word) => word === "DEVICE_CERTIFICATE_LIMIT")).toHaveLength(chunks * 3 - 5);
    expect(await issuedFor(deviceId)).toBe(5);
  });

  test("unless the Registration Authority gives it a limit of its own, with a reason", async () => {
    const deviceId = nextDevice();
    const { manufacturer } = estate.parties;
    const at = estate.clock.read();
    const limit = { certificates: 4, reason: "A test meter of Ms Hall's laboratory" };
    await estate.database.transaction((tx) => setCertificateLimit(tx, operator, deviceId, limit, at));
    expect(words(await issueFor(manufacturer, csrsFor(deviceId, 5), atMost(2)))).toEqual([
      ...Array<string>(4).fill("issued"),
      "DEVICE_CERTIFICATE_LIMIT",
    ]);
    expect(await estate.database.read((tx) => certificateLimitOf(tx, deviceId))).toMatchObject(limit);
    const [act] = await estate.actsOf("device.limit-set");
    expect(act?.subject).toMatchObject({ device: deviceId, certificates: 4 });
    // A leaf holds no text that may name a person.
    expect(JSON.stringify(act)).not.toContain("Hall");
  });

  test.each([
    { certificates: 0, reason: "none" },
    { certificates: 1.5, reason: "half" },
    { certificates: 5, reason: " " },
    { certificates: 5, reason: "x".repeat(501) },
  ])("and such a limit is refused when it is $certificates for $reason", async (limit) => {
    const setting = estate.database.transaction((tx) =>
      setCertificateLimit(tx, operator, nextDevice(), limit, estate.clock.read()),
    );
    await expect(setting).rejects.toMatchObject({ code: "DEVICE_LIMIT_INVALID" });
  });
});

describe("what a Device has", () => {
  test("is nothing before its first certificate, and then each that is in use, newest first", async () => {
    const deviceId = nextDevice();
    expect(await issuedFor(deviceId)).toBe(0);
    await issueFor(estate.parties.manufacturer, [
      makeDeviceCsr({ deviceId, keyUsage: "digitalSignature" }),
      makeDeviceCsr({ deviceId, keyUsage: "keyAgreement" }),
    ]);
    expect(await issuedFor(deviceId)).toBe(2);
    const current = await estate.database.read((tx) => currentDeviceCertificates(tx, deviceId, 10));
    expect(current.map(({ usage }) => usage).toSorted()).toEqual(["DS", "KA"]);
  });

  test("is all that is counted when no chunk is under way: no claim is left open", async () => {
    expect((await estate.database.read(readClaims)).underWay.size).toBe(0);
    expect(await estate.verify()).toMatchObject({ findings: [] });
  });
});
