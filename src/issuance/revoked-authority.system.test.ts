import { afterAll, beforeAll, expect, test } from "vitest";
import { sampleSitting } from "../authorities/ceremony/estate.testkit.ts";
import { revokeAuthority } from "../authorities/ceremony/revoke-authority.ts";
import { rules } from "../authorities/ceremony/terms.testkit.ts";
import { authorityStanding } from "../authorities/standing.ts";
import { findPrincipal } from "../registration/registration.ts";
import {
  type IssuingEstate,
  issuingEstate,
  makeDeviceCsrs,
  makeIkiCsr,
  makeOrganisationCsr,
  operator,
  words,
} from "./issuance.testkit.ts";

let estate: IssuingEstate;
beforeAll(async () => {
  estate = await issuingEstate({ stockSize: 1 });
});
afterAll(() => estate.end());

const revoke = (authorityId: string) =>
  revokeAuthority(estate.room(), sampleSitting, { authorityId, reason: "cACompromise" });
const warnings = async () =>
  (await estate.database.read((tx) => authorityStanding(tx, rules, estate.clock.read()))).warnings;

test("the revocation of the IKI's issuing CA ends every credential under it, each with its act", async () => {
  const holders = [estate.supplier, estate.network, estate.manufacturer];
  await revoke("iki-issuing");
  for (const holder of holders) {
    if (holder.kind !== "credential") return expect.fail();
    await expect(estate.database.read((tx) => findPrincipal(tx, holder.serialNumber))).rejects.toMatchObject({
      code: "CREDENTIAL_ENDED",
    });
  }
  expect(await estate.actsOf("credential.ended")).toHaveLength(3);
  expect(await estate.verify()).toMatchObject({ holds: true });
});

test("a kind whose only CA is revoked is refused with what to do, and the status says so; others go on", async () => {
  const { partyId } = estate.supplier.kind === "credential" ? estate.supplier : expect.fail();
  expect(await warnings()).toContainEqual(
    expect.stringMatching(/^iki-issuing is revoked .* IKI Certificate/),
  );
  await expect(estate.submit(operator, "iki", [makeIkiCsr()], { partyId })).rejects.toMatchObject({
    code: "AUTHORITY_REVOKED",
  });
  expect(words(await estate.issue(estate.supplier, "organisation", [makeOrganisationCsr()]))).toEqual([
    "issued",
  ]);
  await revoke("issuing-oca");
  expect(await warnings()).toContainEqual(
    expect.stringMatching(/^issuing-oca is revoked .* Organisation Certificate/),
  );
  await expect(estate.submit(estate.supplier, "organisation", [makeOrganisationCsr()])).rejects.toMatchObject(
    { code: "AUTHORITY_REVOKED" },
  );
  expect(words(await estate.issue(estate.manufacturer, "device", makeDeviceCsrs(1)))).toEqual(["issued"]);
});
