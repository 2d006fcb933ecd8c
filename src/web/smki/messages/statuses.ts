/** Status of DeviceCertificateSigningResponse (SEC Appendix M, Appendix A). */
export const adHocStatuses = [
  "SUCCESS",
  "ISSUANCE_ANOMALY",
  "UNKNOWN_DEVICE",
  "CA_ERROR",
  "CSR_ERROR",
  "FORMAT_ERROR",
  "WORKFLOW_ERROR",
] as const;
export type AdHocStatus = (typeof adHocStatuses)[number];

/** BatchStatus of SubmitCSRBatchStatus (Appendix C). */
export const submissionStatuses = ["PENDING", "FORMAT_ERROR", "WORKFLOW_ERROR"] as const;

/** BatchStatus of CSRBatchResult where the batch is known and not complete; the last two are for ever (Appendix D). */
export const incompleteStatuses = [
  "PENDING",
  "PARSING",
  "QUEUED",
  "PROCESSING",
  "PAUSED",
  "REJECTED",
  "TAMPERED",
] as const;
export type IncompleteStatus = (typeof incompleteStatuses)[number];

/** What the whole of a message is refused with; never that of one CSR of a batch. */
export const refusalStatuses = ["FORMAT_ERROR", "WORKFLOW_ERROR"] as const;
export type RefusalStatus = (typeof refusalStatuses)[number];

/** Every BatchStatus of CSRBatchResult. */
export const batchStatuses = [...incompleteStatuses, "COMPLETED", ...refusalStatuses] as const;
export type BatchStatus = (typeof batchStatuses)[number];

/** Status of one CSR of a batch (Appendix D). */
export const csrStatuses = [
  "SUCCESS",
  "ISSUANCE_ANOMALY",
  "INELIGIBLE",
  "CSR_ERROR",
  "CA_ERROR",
  "WORKFLOW_ERROR",
] as const;
export type CsrStatus = (typeof csrStatuses)[number];

/** Any status that carries an error. */
export type FailedStatus = Exclude<AdHocStatus | CsrStatus, "SUCCESS">;

/** What each ErrorCode begins with. Two statuses share a prefix, and nothing but the status tells them apart. */
export const codePrefixes = {
  UNKNOWN_DEVICE: "UD",
  ISSUANCE_ANOMALY: "CA",
  INELIGIBLE: "IN",
  CSR_ERROR: "CR",
  CA_ERROR: "CA",
  FORMAT_ERROR: "FM",
  WORKFLOW_ERROR: "WF",
} as const satisfies Record<FailedStatus, string>;

/** ErrorCode and ErrorText as a message carries them. */
export interface MessageError {
  /** 1 to 10 characters: two capital letters, a colon, letters and digits. */
  readonly code: string;
  readonly text: string;
}

/** What became of one CSR: a certificate, DER, or why there is none. */
export type CsrAnswer<Status extends string> =
  | { readonly status: "SUCCESS"; readonly certificate: Uint8Array }
  | { readonly status: Exclude<Status, "SUCCESS">; readonly error: MessageError };
