import { rule } from "./rule.ts";
import { appendixP } from "./sources.ts";

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
};
