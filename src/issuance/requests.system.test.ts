import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { release, seconds } from "../authorities/ceremony/estate.testkit.ts";
import { eui64, parseCertificate, readFields } from "../certificates/index.ts";
import { registerParty } from "../registration/registration.ts";
import { badDeviceRequests, requestWithUnknownExtension } from "./bad-requests.testdata.ts";
import { findBatch } from "./deliver.ts";
import {
  type IssuingEstate,
  issuedSerialNumbers,
  issuingEstate,
  makeDeviceCsr,
  makeDeviceCsrs,
  makeIkiCsr,
  makeKey,
  makeOrganisationCsr,
  operator,
  sampleParties,
  words,
} from "./issuance.testkit.ts";

let estate: IssuingEstate;
beforeAll(async () => {
  estate = await issuingEstate();
});
afterAll(() => estate.end());

describe("a Device CSR", () => {
  test.each(Object.entries(badDeviceRequests))(
    "%s is refused with its code; its neighbours are issued",
    async (_, [make, code]) => {
      const outcomes = await estate.issue(estate.manufacturer, "device", [
        makeDeviceCsr(),
        make(),
        makeDeviceCsr(),
      ]);
      expect(words(outcomes)).toEqual(["issued", code, "issued"]);
    },
  );

  test("with an extension that nobody knows gets a certificate without it", async () => {
    const outcomes = await estate.issue(estate.manufacturer, "device", [requestWithUnknownExtension()]);
    const [serialNumber = expect.fail("refused")] = issuedSerialNumbers(outcomes);
    const { certificate } = await estate.certificate(serialNumber);
    const ids = parseCertificate(certificate).extensions.map(({ id }) => id);
    const deviceExtensions = ["2.5.29.14", "2.5.29.15", "2.5.29.17", "2.5.29.32", "2.5.29.35"];
    expect(ids.toSorted()).toEqual(deviceExtensions);
  });

  test("becomes a certificate of that device, key and usage, indefinite, under the Issuing DCA", async () => {
    const key = makeKey();
    const deviceId = eui64("00db12ffffff0001");
    const csr = makeDeviceCsr({ deviceId, key, keyUsage: "keyAgreement" });
    const [serialNumber = expect.fail("refused")] = issuedSerialNumbers(
      await estate.issue(estate.manufacturer, "device", [csr]),
    );
    const stored = await estate.certificate(serialNumber);
    expect(stored).toMatchObject({
      subjectIdentifier: deviceId,
      usage: "KA",
      authorityId: "issuing-dca/0001",
      partyId: estate.parties.manufacturer,
    });
    expect(readFields(parseCertificate(stored.certificate))).toMatchObject({
      profile: "device",
      deviceId,
      publicKey: key.publicKey,
      keyUsage: "keyAgreement",
      validity: { notAfter: "indefinite" },
    });
  });
});

describe("a public key is certified once:", () => {
  test("a second CSR with it is refused with the serial number of the first, for a client that lost our answer", async () => {
    const key = makeKey();
    const [first] = issuedSerialNumbers(
      await estate.issue(estate.manufacturer, "device", [makeDeviceCsr({ key })]),
    );
    const [again] = await estate.issue(estate.manufacturer, "device", [makeDeviceCsr({ key })]);
    expect(again).toMatchObject({
      status: "refused",
      code: "KEY_ALREADY_CERTIFIED",
      details: { serialNumber: first },
    });
  });
  test("across kinds too: a Device's key gives no Organisation Certificate", async () => {
    const key = makeKey();
    await estate.issue(estate.manufacturer, "device", [makeDeviceCsr({ key })]);
    const outcomes = await estate.issue(estate.supplier, "organisation", [makeOrganisationCsr({ key })]);
    expect(words(outcomes)).toEqual(["KEY_ALREADY_CERTIFIED"]);
  });
  test("of two CSRs with it in one batch the first counts", async () => {
    const key = makeKey();
    const csrs = [makeDeviceCsr({ key }), makeDeviceCsr(), makeDeviceCsr({ key })];
    expect(words(await estate.issue(estate.manufacturer, "device", csrs))).toEqual([
      "issued",
      "issued",
      "KEY_TWICE_IN_BATCH",
    ]);
  });
  test("two batches with the same keys at once give each key one certificate", async () => {
    const csrs = makeDeviceCsrs(40);
    const batches = await Promise.all([
      estate.submit(estate.manufacturer, "device", csrs),
      estate.submit(estate.manufacturer, "device", csrs.toReversed()),
    ]);
    await Promise.all(batches.map((batch) => estate.work(batch)));
    const [forward = [], backward = []] = await Promise.all(batches.map((batch) => estate.outcomes(batch)));
    for (const [index, one] of forward.entries()) {
      const other = backward.at(-1 - index);
      expect([one?.status, other?.status].toSorted()).toEqual(["issued", "refused"]);
      const [issued, refusal] = one?.status === "issued" ? [one, other] : [other, one];
      expect(refusal).toMatchObject({
        code: "KEY_ALREADY_CERTIFIED",
        details: { serialNumber: issued?.status === "issued" ? issued.serialNumber : "" },
      });
    }
  });
  test("one from a rejected CSR may be used again", async () => {
    const key = makeKey();
    const good = makeDeviceCsr({ key });
    const broken = Buffer.from(good);
    broken[broken.length - 1] = (broken.at(-1) ?? 0) ^ 1;
    expect(words(await estate.issue(estate.manufacturer, "device", [broken, good]))).toEqual([
      "CSR_SIGNATURE_INVALID",
      "issued",
    ]);
    const organisationKey = makeKey();
    const others = makeOrganisationCsr({
      key: organisationKey,
      entityIdentifier: sampleParties.network.identifiers[0],
    });
    expect(words(await estate.issue(estate.supplier, "organisation", [others]))).toEqual([
      "NOT_AN_ELIGIBLE_SUBSCRIBER",
    ]);
    const own = makeOrganisationCsr({ key: organisationKey });
    expect(words(await estate.issue(estate.supplier, "organisation", [own]))).toEqual(["issued"]);
  });
});

describe("who may have what:", () => {
  test("an Organisation Certificate for another's EUI-64 identifier or role is refused", async () => {
    const csrs = [
      makeOrganisationCsr(),
      makeOrganisationCsr({ entityIdentifier: sampleParties.network.identifiers[0] }),
      makeOrganisationCsr({ role: 0x03 }),
      makeOrganisationCsr({ keyUsage: "keyAgreement" }),
    ];
    const outcomes = await estate.issue(estate.supplier, "organisation", csrs);
    expect(words(outcomes)).toEqual([
      "issued",
      "NOT_AN_ELIGIBLE_SUBSCRIBER",
      "NOT_AN_ELIGIBLE_SUBSCRIBER",
      "issued",
    ]);
    expect(outcomes[2]).toMatchObject({ details: { role: 3 } });
  });
  test("a credential in the wrong hat submits nothing", async () => {
    await expect(estate.submit(estate.supplier, "device", [makeDeviceCsr()])).rejects.toMatchObject({
      code: "NOT_PERMITTED",
    });
    await expect(
      estate.submit(estate.manufacturer, "organisation", [makeOrganisationCsr()]),
    ).rejects.toMatchObject({ code: "NOT_PERMITTED" });
  });
  test("an IKI credential is asked for by the operator only, for a holder whom the register knows", async () => {
    await expect(estate.submit(estate.supplier, "iki", [makeIkiCsr()])).rejects.toMatchObject({
      code: "NOT_PERMITTED",
    });
    const { supplier, network } = estate.parties;
    const holders = [
      { partyId: supplier, subscriberFor: "organisation" },
      { partyId: supplier, officerId: 1, systemName: "head end", subscriberFor: "organisation" },
      // The supplier's officer is the first one registered.
      { partyId: network, officerId: 1, subscriberFor: "organisation" },
    ] as const;
    for (const holder of holders)
      await expect(
        estate.submit(operator, "iki", [makeIkiCsr()], { partyId: holder.partyId, holder }),
      ).rejects.toMatchObject({ code: "CREDENTIAL_HOLDER_INVALID" });
    const unknown = { partyId: 9_999, systemName: "head end", subscriberFor: "device" } as const;
    await expect(estate.submit(operator, "iki", [makeIkiCsr()], { holder: unknown })).rejects.toMatchObject({
      code: "PARTY_NOT_FOUND",
    });
  });
  test("a CSR for a credential names its holder's own Party, and a role that the Party has", async () => {
    const holder = {
      partyId: estate.parties.network,
      systemName: "head end",
      subscriberFor: "organisation",
    } as const;
    const { name } = sampleParties.network;
    for (const csr of [makeIkiCsr(), makeIkiCsr({ organisation: name }), makeIkiCsr({ role: 3 })]) {
      const batch = await estate.submit(operator, "iki", [csr], { partyId: holder.partyId, holder });
      await estate.work(batch);
      expect(words(await estate.outcomes(batch))).toEqual(["CSR_OF_ANOTHER_PARTY"]);
    }
  });
  test("a CSR for a credential of a web service names the system that shall hold it", async () => {
    const { manufacturer: partyId } = estate.parties;
    const { name } = sampleParties.manufacturer;
    const outcomesFor = async (webService: "batched" | undefined, commonName: string) => {
      const system = { partyId, systemName: "line 1", subscriberFor: "device" } as const;
      const holder = { ...system, ...(webService === undefined ? {} : { webService }) };
      const csr = makeIkiCsr({ organisation: name, commonName });
      const batch = await estate.submit(operator, "iki", [csr], { partyId, holder });
      await estate.work(batch);
      return words(await estate.outcomes(batch));
    };
    expect(await outcomesFor("batched", "line 2")).toEqual(["CREDENTIAL_SYSTEM_DIFFERS"]);
    expect(await outcomesFor("batched", "line 1")).toEqual(["issued"]);
    expect(await outcomesFor(undefined, "line 2")).toEqual(["issued"]);
  });
  test("a Party that is no Authorised Subscriber gets none, whoever submits for it", async () => {
    const newcomer = { ...sampleParties.manufacturer, name: "Newcomer Ltd", signifier: "NEW", ranges: [] };
    const partyId = await estate.database.transaction((tx) =>
      registerParty(tx, operator, newcomer, estate.clock.read()),
    );
    const batch = await estate.submit(operator, "device", [makeDeviceCsr()], { partyId });
    await estate.work(batch);
    expect(words(await estate.outcomes(batch))).toEqual(["NOT_AN_AUTHORISED_SUBSCRIBER"]);
  });
  test("the operator names the Party on whose behalf a batch is", async () => {
    await expect(estate.submit(operator, "device", [makeDeviceCsr()])).rejects.toMatchObject({
      code: "SUBSCRIBER_NEEDED",
    });
    await expect(
      estate.submit(operator, "device", [makeDeviceCsr()], { partyId: 9_999 }),
    ).rejects.toMatchObject({ code: "PARTY_NOT_FOUND" });
  });
  test("another Party's batch is answered as one that does not exist", async () => {
    const batch = await estate.submit(estate.manufacturer, "device", [makeDeviceCsr()]);
    const ask = (by: typeof estate.supplier, id: number) =>
      estate.database.read((tx) => findBatch(tx, by, id));
    const refusal = await ask(estate.supplier, batch).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: "BATCH_NOT_FOUND" });
    const unknown = await ask(estate.supplier, 999_999).catch((error: unknown) => error);
    expect({ ...(refusal as object), details: {} }).toEqual({ ...(unknown as object), details: {} });
    expect(await ask(estate.manufacturer, batch)).toMatchObject({ status: "processing", outcomes: [null] });
    await estate.work(batch);
    expect(await ask(estate.manufacturer, batch)).toMatchObject({ status: "completed" });
  });
});

describe("a batch", () => {
  test("that is empty, or over the limit, is refused whole", async () => {
    await expect(estate.submit(estate.manufacturer, "device", [])).rejects.toMatchObject({
      code: "BATCH_EMPTY",
    });
    const tooMany = Array.from({ length: 50_001 }, () => Buffer.alloc(0));
    await expect(estate.submit(estate.manufacturer, "device", tooMany)).rejects.toMatchObject({
      code: "BATCH_TOO_LARGE",
    });
  });
  test("of several chunks gives its outcomes in the order of its CSRs", async () => {
    const good = makeDeviceCsr();
    const csrs = Array.from({ length: 2_001 }, (_, index) =>
      index === 1_500 ? good : Buffer.of(index % 256),
    );
    const outcomes = await estate.issue(estate.manufacturer, "device", csrs);
    expect(outcomes).toHaveLength(2_001);
    expect(words(outcomes).indexOf("issued")).toBe(1_500);
    expect(issuedSerialNumbers(outcomes)).toHaveLength(1);
  });
});

test("a clock that went back stops signing, and signing goes on when it is right again", async () => {
  await release(estate, 1);
  const batch = await estate.submit(estate.manufacturer, "device", [makeDeviceCsr()]);
  await estate.issue(estate.manufacturer, "device", [makeDeviceCsr()]);
  const right = estate.clock.read();
  estate.clock.advance(-6 * seconds);
  await expect(estate.work(batch)).rejects.toMatchObject({ code: "CLOCK_WENT_BACK" });
  expect(words(await estate.outcomes(batch))).toEqual(["undecided"]);
  // Clocks of several machines may differ by the tolerance.
  estate.clock.advance(1 * seconds);
  expect(await estate.work(batch)).toEqual(["finished"]);
  estate.clock.set(right);
  expect(words(await estate.outcomes(batch))).toEqual(["issued"]);
});

test("all of it stands in a ledger that verifies both ways", async () => {
  expect(await estate.verify()).toMatchObject({ holds: true, openEntries: 0 });
});
