/**
 * The messages of the two Device CSR web services (SEC Appendix M, Appendices A to E), as a service and as a client
 * writes and reads them. No HTTP and no database: octets and values.
 *
 * @packageDocumentation
 */
export {
  type AdHocAnswer,
  adHocLimits,
  readAdHocAnswer,
  readAdHocRequest,
  writeAdHocAnswer,
  writeAdHocRequest,
} from "./ad-hoc.ts";
export { type BatchResultHead, BatchResultReader } from "./batch-result-reader.ts";
export {
  type BatchedAnswer,
  type BatchHead,
  writeBatchRefusal,
  writeCompleteBatch,
  writeIncompleteBatch,
} from "./batch-result-writer.ts";
export { adHocRefusal, batchRefusal, csrRefusal, returnsReference } from "./error-codes.ts";
export { messageMediaType, requireXmlMediaType } from "./media-type.ts";
export type {
  BatchStatus,
  CsrAnswer,
  CsrStatus,
  IncompleteStatus,
} from "./statuses.ts";
export {
  type BatchedCsr,
  SubmitBatchReader,
} from "./submit-batch-reader.ts";
export {
  readSubmitBatchStatus,
  writeSubmitBatchStatus,
} from "./submit-batch-status.ts";
export { writeSubmitBatch } from "./submit-batch-writer.ts";
