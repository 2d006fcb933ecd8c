import { describe, expect, test } from "vitest";
import { eui64, remotePartyRole, type SerialNumber } from "../certificates/index.ts";
import { requireAuthorisedSubscriber, requireEligibleForOrganisationCertificate } from "./eligibility.ts";
import { checkRegistration, type Party, type PartyRegistration } from "./party.ts";
import { type CredentialHolder, localOperator, requireHat, requireOperator } from "./principal.ts";

const [one, two] = [eui64("90b3d51f30010000"), eui64("90b3d51f30020000")];
const registration: PartyRegistration = {
  name: "Northern Lights Energy Ltd",
  categories: ["large-supplier"],
  roles: [remotePartyRole(2)],
  identifiers: [one],
  ranges: [{ first: one, last: two }],
};
const party: Party = {
  ...registration,
  id: 1,
  registeredAt: new Date("2026-06-01T00:00:00Z"),
  authorisedSubscriberFor: ["organisation"],
};
const holder: CredentialHolder = {
  kind: "credential",
  name: "credential:10",
  serialNumber: "10" as SerialNumber,
  partyId: 1,
  subscriberFor: "device",
};
const refusal = (code: string, details: object = {}) =>
  expect.objectContaining({ code, details: expect.objectContaining(details) as object }) as Error;

describe("a Party's registration", () => {
  const check = (changes: Partial<PartyRegistration>) => () => {
    checkRegistration({ ...registration, ...changes });
  };
  test.each(["01234567", "SC123456", "NI654321"])("takes %s for a company number", (companyNumber) => {
    expect(check({ companyNumber })).not.toThrow();
  });
  test("takes a range of one identifier", () => {
    expect(check({ ranges: [{ first: one, last: one }] })).not.toThrow();
  });
  test.each<[string, Partial<PartyRegistration>]>([
    ["name", { name: " " }],
    ["categories", { categories: [] }],
    ["companyNumber", { companyNumber: "1234567" }],
    ["companyNumber", { companyNumber: "sc123456" }],
    ["ranges", { ranges: [{ first: two, last: one }] }],
    ["identifiers", { identifiers: [one, one] }],
  ])("is refused for its %s when that is %j", (field, changes) => {
    expect(check(changes)).toThrow(refusal("PARTY_INVALID", { field }));
  });
});

describe("an Authorised Subscriber", () => {
  test("is one under the Certificate Policy that it was approved for, not under the other", () => {
    expect(() => {
      requireAuthorisedSubscriber(party, "organisation");
    }).not.toThrow();
    expect(() => {
      requireAuthorisedSubscriber(party, "device");
    }).toThrow(refusal("NOT_AN_AUTHORISED_SUBSCRIBER", { certificatePolicy: "device" }));
  });
  test("is one no more once it has left", () => {
    expect(() => {
      requireAuthorisedSubscriber({ ...party, leftAt: new Date("2026-07-01T00:00:00Z") }, "organisation");
    }).toThrow(refusal("NOT_AN_AUTHORISED_SUBSCRIBER"));
  });
  test("is eligible for its own EUI-64 identifier in its own role only; a range of devices is no identifier", () => {
    const ask = (entityIdentifier: typeof one, role: number) => () => {
      requireEligibleForOrganisationCertificate(party, { entityIdentifier, role: remotePartyRole(role) });
    };
    expect(ask(one, 2)).not.toThrow();
    expect(ask(two, 2)).toThrow(refusal("NOT_AN_ELIGIBLE_SUBSCRIBER", { entityIdentifier: two }));
    expect(ask(one, 3)).toThrow(refusal("NOT_AN_ELIGIBLE_SUBSCRIBER", { role: 3 }));
  });
});

describe("a principal", () => {
  const operator = localOperator("ada");
  test("acts in the hat of its credential; the operator in any", () => {
    expect(() => {
      requireHat(holder, "device");
      requireHat(operator, "device");
      requireHat(operator, "organisation");
      requireOperator(operator);
    }).not.toThrow();
    expect(() => {
      requireHat(holder, "organisation");
    }).toThrow(refusal("NOT_PERMITTED", { needed: "organisation", held: "device" }));
  });
  test("with a credential is never the operator", () => {
    expect(() => {
      requireOperator(holder);
    }).toThrow(refusal("NOT_PERMITTED"));
    expect(operator.name).toBe("operator:ada");
  });
});
