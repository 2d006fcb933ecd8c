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
