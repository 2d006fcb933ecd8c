import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Eui64, eui64, remotePartyRole, type SerialNumber } from "../certificates/index.ts";
import { type TestDatabase, testDatabase } from "../database/testkit.ts";
import type { PartyRegistration } from "./party.ts";
import { type CredentialHolder, localOperator } from "./principal.ts";
import {
  appointOfficer,
  approveSubscriber,
  endCredential,
  findParty,
  findPrincipal,
  grantCredential,
  listParties,
  partyMembers,
  registerParty,
} from "./registration.ts";

const at = new Date("2026-06-01T12:00:00Z");
const operator = localOperator("test");
const serialNumber = (digit: string) => digit.repeat(32) as SerialNumber;

let held: TestDatabase;
beforeAll(async () => {
  held = await testDatabase();
});
afterAll(() => held.drop());

let parties = 0;
/** A registration that clashes with no other. */
const party = (changes: Partial<PartyRegistration> = {}): PartyRegistration => {
  parties += 1;
  return {
    name: `Party ${String(parties)}`,
    categories: ["small-supplier"],
    roles: [remotePartyRole(2)],
    identifiers: [],
    ranges: [],
    ...changes,
  };
};
const register = (registration: PartyRegistration) =>
  held.database.transaction((tx) => registerParty(tx, operator, registration, at));
const range = (first: string, last: string) => ({ first: eui64(first), last: eui64(last) });

describe("a Party", () => {
  test("is found by name and by signifier as it was registered, to the last identifier there is", async () => {
    const registration = party({
      signifier: "NLE",
      companyNumber: "SC123456",
      categories: ["large-supplier", "electricity-network"],
      roles: [remotePartyRole(2), remotePartyRole(3)],
      identifiers: [eui64("90b3d51f30010000"), eui64("ffffffffffffffff")],
      ranges: [range("0000000000000000", "00000000000000ff"), range("fffffffffffffff0", "fffffffffffffffe")],
    });
    const id = await register(registration);
    const expected = { ...registration, id, registeredAt: at, authorisedSubscriberFor: [] };
    for (const name of [registration.name, "NLE"])
      expect(await held.database.read((tx) => findParty(tx, name))).toEqual(expected);
    expect(await held.database.read((tx) => listParties(tx))).toContainEqual(expected);
    await expect(held.database.read((tx) => findParty(tx, "nobody"))).rejects.toMatchObject({
      code: "PARTY_NOT_FOUND",
    });
  });
  test("is refused under a name or signifier that another has", async () => {
    const first = party({ signifier: "TWO" });
    await register(first);
    await expect(register(party({ name: first.name }))).rejects.toMatchObject({ code: "PARTY_NAME_TAKEN" });
    await expect(register(party({ signifier: "TWO" }))).rejects.toMatchObject({ code: "PARTY_NAME_TAKEN" });
  });
  test("has its EUI-64 identifiers and ranges to itself, wholly", async () => {
    const identifier: Eui64 = eui64("1000000000000001");
    await register(
      party({ identifiers: [identifier], ranges: [range("2000000000000000", "20000000000000ff")] }),
    );
    for (const clash of [
      { identifiers: [identifier] },
      { ranges: [range("20000000000000ff", "2000000000000200")] },
      { ranges: [range("1fffffffffffffff", "2000000000000000")] },
      { ranges: [range("2000000000000010", "2000000000000020")] },
    ])
      await expect(register(party(clash))).rejects.toMatchObject({ code: "IDENTIFIER_ALLOCATED" });
    await register(party({ ranges: [range("2000000000000100", "2000000000000200")] }));
  });
  test("registered by two at once under one name is registered once", async () => {
    const registration = party();
    const both = await Promise.allSettled([register(registration), register(registration)]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  });
});

describe("the Registration Authority", () => {
  test("alone registers, approves and appoints", async () => {
    const holder: CredentialHolder = {
      kind: "credential",
      name: "credential:10",
      serialNumber: serialNumber("1"),
      partyId: 1,
      subscriberFor: "device",
    };
    const officer = { partyId: 1, name: "Eve", office: "senior-responsible-officer" } as const;
    const acts = [
      () => held.database.transaction((tx) => registerParty(tx, holder, party(), at)),
      () => held.database.transaction((tx) => approveSubscriber(tx, holder, 1, "device", at)),
      () => held.database.transaction((tx) => appointOfficer(tx, holder, officer, at)),
    ];
    for (const act of acts) await expect(act()).rejects.toMatchObject({ code: "NOT_PERMITTED" });
  });
  test("approves and appoints for Parties that there are", async () => {
    const officer = { partyId: 999, name: "Eve", office: "senior-responsible-officer" } as const;
    await expect(
      held.database.transaction((tx) => approveSubscriber(tx, operator, 999, "device", at)),
    ).rejects.toMatchObject({ code: "PARTY_NOT_FOUND" });
    await expect(
      held.database.transaction((tx) => appointOfficer(tx, operator, officer, at)),
    ).rejects.toMatchObject({ code: "PARTY_NOT_FOUND" });
  });
  test("approves for each Certificate Policy; approving again changes nothing, in the ledger neither", async () => {
    const registration = party();
    const id = await register(registration);
    const approve = () =>
      held.database.transaction((tx) => approveSubscriber(tx, operator, id, "device", at));
    await approve();
    const count = async () => {
      const acts = sql<{ n: number }>`select count(*) as n from ledger_inbox`;
      return (await held.database.read((tx) => acts.execute(tx))).rows[0]?.n;
    };
    const before = await count();
    await approve();
    expect(await count()).toBe(before);
    expect(await held.database.read((tx) => findParty(tx, registration.name))).toMatchObject({
      authorisedSubscriberFor: ["device"],
    });
  });
});

describe("an IKI credential", () => {
  test("makes its officer a principal in its hat, until it is ended", async () => {
    const partyId = await register(party());
    const office = "authorised-responsible-officer";
    const officerId = await held.database.transaction((tx) =>
      appointOfficer(tx, operator, { partyId, name: "Ada Byron", office }, at),
    );
    const serial = serialNumber("2");
    const grant = { serialNumber: serial, partyId, officerId, subscriberFor: "device" } as const;
    await held.database.transaction((tx) => grantCredential(tx, operator.name, grant, at));
    const find = (number: SerialNumber) => held.database.read((tx) => findPrincipal(tx, number));
    expect(await find(serial)).toEqual({ kind: "credential", name: `credential:${serial}`, ...grant });
    await held.database.transaction((tx) => endCredential(tx, operator.name, serial, at));
    await expect(find(serial)).rejects.toMatchObject({ code: "CREDENTIAL_ENDED" });
    await expect(find(serialNumber("3"))).rejects.toMatchObject({ code: "CREDENTIAL_UNKNOWN" });
    const { officers, credentials } = await held.database.read((tx) => partyMembers(tx, partyId));
    expect(officers).toEqual([{ id: officerId, name: "Ada Byron", office, left: false }]);
    expect(credentials).toMatchObject([{ serialNumber: serial, ended: true, subscriberFor: "device" }]);
  });
});
