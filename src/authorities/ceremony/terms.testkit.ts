import { type LintLimits, oid } from "../../certificates/index.ts";
import { rulebookFor } from "../../rulebook/index.ts";
import { loadSettings } from "../../settings/load.ts";
import type { Settings } from "../../settings/settings.ts";
import type { IssuingCap } from "../allocation.ts";
import type { IssuingTerms } from "../issuing/intend.ts";
import type { HierarchyTerms } from "./hierarchy.ts";

/** The rules that tests of the authorities run under. */
export const rules = rulebookFor("response");
/** The settings of a test environment as they come. */
const settings: Settings = loadSettings({
  env: {},
  overrides: { environment: "test", dataFolder: "/nonexistent" },
});

const lintLimits: LintLimits = {
  serialNumberOctets: rules.serialNumberOctets.value,
  serialNumberFirstOctet: {
    lowest: rules.serialNumberFirstOctetFrom.value,
    highest: rules.serialNumberFirstOctetTo.value,
  },
  rsaModulusBits: rules.ikiKeyBits.value,
  authorityNameOctets: rules.caNameMaximumOctets.value,
  organisationNameOctets: rules.organisationCommonNameMaximumOctets.value,
  organisationYears: rules.organisationCertificateMaximumYears.value,
};

const policies = {
  device: oid(settings.policies.device),
  organisation: oid(settings.policies.organisation),
  iki: oid(settings.policies.iki),
};

/** What certificates are issued under. */
export const issuingTerms: IssuingTerms = {
  policies,
  organisationYears: rules.organisationCertificateMaximumYears.value,
  ikiYears: rules.ikiCertificateYears.value,
  lintLimits,
  devices: rules,
};

/** When an Issuing DCA hands over. */
export const deviceCap: IssuingCap = {
  maximumCertificates: rules.issuingDcaMaximumCertificates.value,
  maximumAge: rules.issuingDcaMaximumAge,
};

/** What the hierarchies are made under. */
export function hierarchyTerms(stockSize: number): HierarchyTerms {
  const { names } = settings;
  const [oca, dca, iki] = [oid(settings.policies.oca), oid(settings.policies.dca), policies.iki];
  const crl = { interval: rules.organisationCrlInterval, validity: rules.organisationCrlValidity };
  return {
    environment: "test",
    names: {
      "root-oca": names.rootOca,
      "issuing-oca": names.issuingOca,
      "root-dca": names.rootDca,
      "iki-root": names.rootIca,
      "iki-issuing": names.issuingIca,
    },
    issuingDcaName: (number) => ({ commonName: `D${String(number).padStart(3, "0")}` }),
    policies: {
      "root-oca": oca,
      "issuing-oca": oca,
      "root-dca": dca,
      "issuing-dca": dca,
      "iki-root": iki,
      "iki-issuing": iki,
    },
    years: {
      "root-oca": rules.rootCaYears.value,
      "issuing-oca": rules.issuingCaYears.value,
      "root-dca": rules.rootCaYears.value,
      "issuing-dca": rules.issuingCaYears.value,
      "iki-root": rules.ikiRootCaYears.value,
      "iki-issuing": rules.ikiIssuingCaYears.value,
    },
    wrapAlgorithm: settings.contingency.wrapAlgorithm,
    stockSize,
    arl: { interval: rules.arlInterval, validity: rules.arlValidity },
    crlOf: () => crl,
    lintLimits,
  };
}
