import { sql } from "kysely";
import { rules } from "../authorities/ceremony/terms.testkit.ts";
import type { Principal } from "../registration/principal.ts";
import { type BatchResult, batchResults } from "./batch-results.ts";
import { type BatchStanding, batchStatus } from "./batch-status.ts";
import type { BatchTerms } from "./batch-terms.ts";
import type { IssuingEstate } from "./issuance.testkit.ts";
import { type ParseResult, parseBatch } from "./parse-batch.ts";
import { receiveUpload, type UploadDesk, type UploadOrder } from "./upload.ts";
import type { UploadedRequest } from "./upload-digest.ts";

/** Batched CSRs as the published rules have them, approved by rule and with a window that is always open. */
export const batchTerms: BatchTerms = {
  maximumBatchSize: rules.maximumBatchSize.value,
  approval: "rule",
  window: undefined,
  pickup: rules.pickupDays,
  polling: rules.batchPolling.value,
};
export const publishedWindow: BatchTerms = { ...batchTerms, window: rules.processingWindow.value };
export const byPerson: BatchTerms = { ...batchTerms, approval: "person" };

/** CSRs under IDs as a client gives them: `ID0`, `ID1`, and so on. */
export const named = (csrs: readonly Uint8Array[]): UploadedRequest[] =>
  csrs.map((request, place) => ({ clientId: `ID${String(place)}`, request }));

/** An estate's way with Batched CSRs. */
export interface BatchCounter {
  readonly desk: UploadDesk;
  upload(csrs: readonly Uint8Array[], by?: Principal, order?: Partial<UploadOrder>): Promise<number>;
  parse(batchId: number): Promise<ParseResult>;
  standing(batchId: number, by?: Principal): Promise<BatchStanding>;
  results(batchId: number, by?: Principal): Promise<BatchResult[]>;
  /** Rows of these tables. */
  count(table: "request_batch" | "request_chunk"): Promise<number>;
}

/** As the manufacturer of the estate uses it, unless another is named. */
export function batchCounter(estate: IssuingEstate, terms: BatchTerms = batchTerms): BatchCounter {
  const { database, clock, manufacturer } = estate;
  const desk = { database, clock: clock.read, terms };
  return {
    desk,
    upload: async (csrs, by = manufacturer, order = {}) =>
      (await receiveUpload(desk, by, { channel: "batched", reference: "b1999", ...order }, named(csrs)))
        .batchId,
    parse: (batchId) => parseBatch(desk, batchId),
    standing: (batchId, by = manufacturer) =>
      database.read((tx) => batchStatus(tx, by, batchId, terms, clock.read())),
    results: async (batchId, by = manufacturer) => {
      const results: BatchResult[] = [];
      for await (const result of batchResults(database, by, batchId, terms, clock.read()))
        results.push(result);
      return results;
    },
    count: async (table) => {
      const { rows } = await database.read((tx) =>
        sql<{ count: number }>`select count(*) as count from ${sql.table(table)}`.execute(tx),
      );
      return rows[0]?.count ?? 0;
    },
  };
}
