import { rule } from "./rule.ts";

/** How the record of what was done is kept, and how the service behaves as a machine. */
export const operation = {
  auditOnlineMonths: rule({
    clause: "Appendix A and B 5.4.3",
    meaning: "how long the audit record is kept on line",
    value: 12,
    unit: "months",
    binds: "every CA",
    source: "Certificate Policies",
    certainty: "recalled-medium",
  }),
  auditArchiveYears: rule({
    clause: "Appendix A and B 5.5.2",
    meaning: "how long the audit record is kept in the archive",
    value: 7,
    unit: "years",
    binds: "every CA",
    source: "Certificate Policies",
    certainty: "recalled-medium",
  }),
  checkpointInterval: rule({
    clause: "Appendix A and B 5.4",
    meaning: "longest time from an act to the signed ledger checkpoint that covers it",
    value: 1,
    unit: "seconds",
    binds: "operator",
    source: "not published; chosen so that a person who acts can be shown the proof at once",
    certainty: "chosen",
  }),
  clockTolerance: rule({
    clause: "Appendix A and B 6.8",
    meaning: "how far behind the last recorded act the clock may be before signing stops",
    value: 2,
    unit: "seconds",
    binds: "operator",
    source:
      "not published; chosen above what a disciplined clock is ever set back, below what a wrong one is",
    certainty: "chosen",
  }),
  shutdownLimit: rule({
    clause: "L3, availability",
    meaning: "time from the request to stop until the service has ended, its open work finished or released",
    value: 10,
    unit: "seconds",
    binds: "operator",
    source: "not published; chosen as the time that service managers commonly grant",
    certainty: "chosen",
  }),
};
