/**
 * The ways on which CSRs come in: our own JSON API and verbs, the two web services of SEC Appendix M, the portal's
 * forms for one CSR and for a file of many, and EST.
 */
export type Channel = "api" | "command" | "ad-hoc" | "batched" | "portal-single" | "portal-batch" | "est";

/**
 * Channels of Batched CSRs. They arrive in parts, are approved, checked against what was received, and worked on in
 * turn while the processing window is open (SEC Appendix M 2.5, Appendix N 3.1.1).
 */
export type UploadChannel = "batched" | "portal-batch";

/** Whether CSRs of a channel wait for the processing window. */
export function isWindowed(channel: Channel): channel is UploadChannel {
  return channel === "batched" || channel === "portal-batch";
}
