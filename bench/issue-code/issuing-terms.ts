import { issuingTerms } from "../../src/app/estate/terms.ts";
import type { IssuingTerms } from "../../src/authorities/issuing/intend.ts";
import type { Party } from "../../src/registration/party.ts";
import { rulebookFor } from "../../src/rulebook/index.ts";
import { loadSettings } from "../../src/settings/load.ts";

/** The terms of a test estate as it comes out of the box. */
export function testTerms(): IssuingTerms {
  const settings = loadSettings({ env: { SMKI_ENVIRONMENT: "test" } });
  return issuingTerms(settings, rulebookFor(settings.edition));
}

/** A manufacturer who may ask for Device Certificates. */
export const manufacturer: Party = {
  id: 1,
  name: "Bench Meters Ltd",
  categories: ["manufacturer"],
  roles: [],
  identifiers: [],
  ranges: [],
  registeredAt: new Date(0),
  authorisedSubscriberFor: ["device"],
};
