import { rule } from "./rule.ts";
import { appendixM, appendixN, response, sectionL8 } from "./sources.ts";

/** When a batch is due. Times of day are those of Great Britain. */
export interface BatchTarget {
  /** A batch received from this time … */
  readonly dayStarts: string;
  /** … until this time … */
  readonly dayEnds: string;
  /** … is due at this time of the next day. */
  readonly dueNextDayAt: string;
  /** Any other batch is due this many hours after its receipt. */
  readonly otherwiseHours: number;
}

/** Times of day, those of Great Britain, from which and until which something is done. It may go over midnight. */
export interface ProcessingWindow {
  readonly opens: string;
  readonly closes: string;
}

/** When a Party may look for the results of a Batched CSR. Times of day are those of Great Britain. */
export interface BatchPolling {
  /** A batch submitted before this time … */
  readonly dayEnds: string;
  /** … is not asked for before this time of the next day, … */
  readonly notBeforeNextDayAt: string;
  /** … and any other not before this time of the next day. */
  readonly lateNotBeforeNextDayAt: string;
  /** While it is not complete, so many minutes lie between two polls from the evening's time to the morning's, at least. */
  readonly minutesBetween: number;
}

/** How long after the last one a Party may send its next CSR. Times of day are those of Great Britain. */
export interface AdHocPace {
  /** From this time … */
  readonly dayStarts: string;
  /** … until this time so many milliseconds lie between two CSRs, … */
  readonly dayEnds: string;
  readonly millisecondsByDay: number;
  /** … and so many at any other time. */
  readonly millisecondsOtherwise: number;
}

/** SEC Section L8: how fast the SMKI answers and how much it takes. */
export const performance = {
  singleCsrTarget: rule({
    clause: "L8.1(a)",
    meaning: "time from the receipt of a single CSR, checks passed, to the certificate or error being sent",
    value: 30,
    unit: "seconds",
    binds: "DCC",
    source: response, // it quotes the draft's 30 seconds
    certainty: "read",
  }),
  batchTarget: rule<BatchTarget>({
    clause: "L8.1(b)",
    meaning: "when the certificates of a Batched CSR are due",
    value: { dayStarts: "08:00", dayEnds: "20:00", dueNextDayAt: "08:00", otherwiseHours: 24 },
    binds: "DCC",
    source: `${sectionL8}; agrees with the processing window of ${appendixN} 3.1.1`,
    certainty: "recalled-high",
  }),
  maximumBatchSize: rule({
    clause: "L8.2",
    meaning: "most CSRs in one batch; a larger batch is rejected whole",
    value: 50_000,
    unit: "CSRs",
    binds: "Authorised Subscriber",
    source: `${appendixM} 2.3.1.7 and Appendix C`,
    certainty: "read",
  }),
  processingWindow: rule<ProcessingWindow>({
    clause: "Appendix N 3.1.1",
    meaning: "when Batched CSRs are processed; one received after its opening may wait for the next night",
    value: { opens: "20:00", closes: "08:00" },
    binds: "DCC",
    source: appendixN,
    certainty: "read",
  }),
  batchPolling: rule<BatchPolling>({
    clause: "Appendix N 3.1.3",
    meaning: "when a Party may ask for the results of a Batched CSR; asking earlier is counted, and answered",
    value: {
      dayEnds: "20:00",
      notBeforeNextDayAt: "08:00",
      lateNotBeforeNextDayAt: "22:00",
      minutesBetween: 60,
    },
    binds: "Authorised Subscriber",
    source: appendixN,
    certainty: "read",
  }),
  portalBatchAllowance: rule({
    clause: "Appendix N 3.1.1, Batched CSRs",
    meaning:
      "CSRs in Batched CSRs of one Party by the portal in any 24 hours, above which it tells the DCC seven days before; more are queued",
    value: 50_000,
    unit: "CSRs",
    binds: "Authorised Subscriber",
    source: appendixN,
    certainty: "read",
  }),
  portalSingleAllowance: rule({
    clause: "Appendix N 3.1.1, Ad Hoc Device CSRs",
    meaning:
      "single Device CSRs of one Party by the portal in any 24 hours, above which it agrees with the DCC first; more are measured and issued",
    value: 150,
    unit: "CSRs",
    binds: "Authorised Subscriber",
    source: appendixN,
    certainty: "read",
  }),
  adHocPace: rule<AdHocPace>({
    clause: "Appendix N 3.1.2",
    meaning:
      "how long lies between two CSRs of one Party by the Ad Hoc Device CSR Web Service; what comes sooner is counted, and answered",
    value: { dayStarts: "07:00", dayEnds: "20:00", millisecondsByDay: 800, millisecondsOtherwise: 4_000 },
    binds: "Authorised Subscriber",
    source: appendixN,
    certainty: "read",
  }),
  batchApproval: rule<"rule" | "person">({
    clause: "Appendix M Appendix D, BatchStatus",
    meaning: "who approves a Batched CSR that was accepted: this rule, at once, or a person",
    value: "rule",
    binds: "Registration Authority",
    source:
      "not published; Appendix M says that the Registration Authority approves, and a night's batches leave no time for a person",
    certainty: "chosen",
  }),
  nightCapacity: rule({
    clause: "Appendix N 3",
    meaning: "CSRs of all Authorised Subscribers together that one night's processing window can take",
    value: 375_000,
    unit: "CSRs",
    binds: "DCC",
    source: appendixN,
    certainty: "read",
  }),
  repositoryDocumentTarget: rule({
    clause: "L8.4",
    meaning: "time from the request for a document of the SMKI Repository to its being made available",
    value: 3,
    unit: "seconds",
    binds: "DCC",
    source: sectionL8,
    certainty: "recalled-medium",
  }),
  targetServiceLevel: rule({
    clause: "L8.6",
    meaning: "share of requests answered within their target in a calendar month, as aimed for",
    value: 99,
    unit: "percent",
    binds: "DCC",
    source: `${sectionL8}, Code Performance Measures 7 and 8`,
    certainty: "recalled-medium",
  }),
  minimumServiceLevel: rule({
    clause: "L8.6",
    meaning:
      "share of requests answered within their target in a calendar month, below which the DCC is in breach",
    value: 96,
    unit: "percent",
    binds: "DCC",
    source: `${sectionL8}, Code Performance Measures 7 and 8`,
    certainty: "recalled-medium",
  }),
  csrForecastsFiled: rule({
    clause: "L8.7",
    meaning: "Authorised Subscribers for Device Certificates file forecasts of the CSRs that they will send",
    value: true,
    binds: "Authorised Subscriber",
    source: response, // it asks for the draft's requirement to go
    certainty: "read",
  }),
};
