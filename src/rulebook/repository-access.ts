import { rule } from "./rule.ts";
import { appendixP, sectionL5 } from "./sources.ts";

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
