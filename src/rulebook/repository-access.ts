import { rule } from "./rule.ts";
import { appendixP, modificationMp147, sectionL5 } from "./sources.ts";

/** How often a bulk file falls due. */
export type ExtractInterval = "daily" | "weekly";

/** In the order of `Date.getUTCDay`. */
export const weekdays = [
  "sunday",
  "monday",
  "tuesday",
  "wednesday",
  "thursday",
  "friday",
  "saturday",
] as const;
export type Weekday = (typeof weekdays)[number];

/** Who may use the SMKI Repository, and how much. */
export const repositoryAccess = {
  repositoryWrongCredentials: rule({
    clause: "Appendix P 3.1",
    meaning: "wrong credentials within the lock-out period after which a user is locked out",
    value: 5,
    unit: "attempts",
    binds: "DCC",
    source: `${appendixP}: for passwords; applied to API keys and SSH keys alike`,
    certainty: "read",
  }),
  repositoryLockOut: rule({
    clause: "Appendix P 3.1",
    meaning:
      "the period in which wrong credentials are counted, and for which a user is locked out, from the first of them",
    value: 1,
    unit: "hours",
    binds: "DCC",
    source: appendixP,
    certainty: "read",
  }),
  repositoryUsageAllowance: rule({
    clause: "Appendix P 4",
    meaning: "what a user may use of the repository, as a share of what it forecast",
    value: 120,
    unit: "percent",
    binds: "Authorised Subscriber",
    source: appendixP,
    certainty: "read",
  }),
  repositoryExtracts: rule<{ readonly full: ExtractInterval; readonly delta: ExtractInterval }>({
    clause: "Appendix O 2.3.3",
    meaning: "how often the SMKI Repository makes a full extract, and a delta of what was done since",
    value: { full: "weekly", delta: "daily" },
    binds: "DCC",
    source: `${modificationMp147}: one full extract a week and seven daily files in place of a full one each day`,
    certainty: "read",
  }),
  repositoryExtractTime: rule<{ readonly hour: number; readonly fullDay: Weekday }>({
    clause: "Appendix O 2.3.3, Appendix P Appendix A",
    meaning:
      "the hour at which extracts are made, by the clocks of Great Britain, and the day of the full one; settings may say otherwise",
    value: { hour: 3, fullDay: "sunday" },
    binds: "operator",
    source: `not published; chosen within the off-peak hours of ${appendixP} (00:00 to 07:00), on the day with the least work`,
    certainty: "chosen",
  }),
  repositoryDocuments: rule<readonly string[]>({
    clause: "L5.1",
    meaning: "documents that the SMKI Repository holds in every version; the PMA may direct others",
    value: [
      "Device Certificate Policy",
      "Organisation Certificate Policy",
      "IKI Certificate Policy",
      "SMKI RAPP",
      "SMKI Recovery Procedure",
      "SMKI Compliance Policy",
    ],
    binds: "DCC",
    source: sectionL5,
    certainty: "recalled-high",
  }),
  repositoryLargestDocument: rule({
    clause: "L5",
    meaning: "octets of the largest document that the SMKI Repository takes",
    value: 32 * 1024 * 1024,
    unit: "octets",
    binds: "operator",
    source: "not published; chosen far above any document of the Code",
    certainty: "chosen",
  }),
};
