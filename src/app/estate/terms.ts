import type { IssuingCap } from "../../authorities/allocation.ts";
import type { HierarchyTerms } from "../../authorities/ceremony/hierarchy.ts";
import type { IssuingTerms } from "../../authorities/issuing/intend.ts";
import type { ListSchedule } from "../../authorities/revocation/list-due.ts";
import { oid } from "../../certificates/index.ts";
import type { BatchTerms } from "../../issuance/batch-terms.ts";
import { lintLimits, milliseconds, type Rulebook } from "../../rulebook/index.ts";
import type { Settings } from "../../settings/settings.ts";

/** How far the clock may go back before signing stops, in seconds. */
export function clockToleranceSeconds(settings: Settings, rules: Rulebook): number {
  return settings.clock.toleranceSeconds ?? milliseconds(rules.clockTolerance) / 1_000;
}

/** What every certificate is issued under. */
export function issuingTerms(settings: Settings, rules: Rulebook): IssuingTerms {
  const { device, organisation, iki } = settings.policies;
  return {
    policies: { device: oid(device), organisation: oid(organisation), iki: oid(iki) },
    organisationYears: rules.organisationCertificateMaximumYears.value,
    ikiYears: rules.ikiCertificateYears.value,
    lintLimits: lintLimits(rules, "issued-here"),
    devices: {
      ...rules,
      adHocEligibilityChecked: {
        ...rules.adHocEligibilityChecked,
        value: settings.smkiServices.adHocEligibility ?? rules.adHocEligibilityChecked.value,
      },
    },
  };
}

/** What Batched CSRs run by. */
export function batchTerms({ batches }: Settings, rules: Rulebook): BatchTerms {
  return {
    maximumBatchSize: rules.maximumBatchSize.value,
    approval: batches.approval ?? rules.batchApproval.value,
    window: batches.window === "published" ? rules.processingWindow.value : undefined,
    pickup: rules.pickupDays,
    polling: rules.batchPolling.value,
  };
}

/** When an Issuing DCA hands over. */
export function issuingDcaCap(rules: Rulebook): IssuingCap {
  return {
    maximumCertificates: rules.issuingDcaMaximumCertificates.value,
    maximumAge: rules.issuingDcaMaximumAge,
  };
}

/** How often the Organisation CA's and the IKI CA's lists are made. */
export function crlSchedule(rules: Rulebook, profile: "issuing-oca" | "iki-issuing"): ListSchedule {
  return profile === "issuing-oca"
    ? { interval: rules.organisationCrlInterval, validity: rules.organisationCrlValidity }
    : { interval: rules.ikiCrlInterval, validity: rules.ikiCrlValidity };
}

/** What a ceremony makes the hierarchies under. */
export function hierarchyTerms(settings: Settings, rules: Rulebook): HierarchyTerms {
  const { names, policies } = settings;
  const [oca, dca, iki] = [oid(policies.oca), oid(policies.dca), oid(policies.iki)];
  const prefix = names.issuingDca.commonNamePrefix;
  return {
    environment: settings.environment,
    names: {
      "root-oca": names.rootOca,
      "issuing-oca": names.issuingOca,
      "root-dca": names.rootDca,
      "iki-root": names.rootIca,
      "iki-issuing": names.issuingIca,
    },
    // A number in base 36 fills the name up to the four octets that the Device Certificate Policy allows.
    issuingDcaName: (number) => ({
      commonName:
        prefix +
        number
          .toString(36)
          .toUpperCase()
          .padStart(rules.caNameMaximumOctets.value - prefix.length, "0"),
    }),
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
    stockSize: settings.issuingDca.stockSize ?? rules.issuingDcaStockSize.value,
    arl: { interval: rules.arlInterval, validity: rules.arlValidity },
    crlOf: (profile) => crlSchedule(rules, profile),
    lintLimits: lintLimits(rules, "issued-here"),
  };
}
