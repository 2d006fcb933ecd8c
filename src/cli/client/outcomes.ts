/** What became of a CSR, as the client's report has it. */
export type ClientStatus =
  /** Its certificate lies beside it. */
  | "issued"
  /** The service gave a reason instead. */
  | "refused"
  /** The service gave a certificate that is not as the CSR asked, or two different ones; it was not written. */
  | "wrong"
  /** The answer to its batch has nothing of it. */
  | "missing"
  /** Its batch is not complete, or not sent. */
  | "waiting"
  /** Whether the service has its batch is not known. */
  | "unanswered"
  /** Its batch was ended: REJECTED or TAMPERED. */
  | "ended"
  /** It cannot be sent, or its certificate not be written. */
  | "unusable";

/** A line of the report. */
export interface CsrReport {
  readonly file: string;
  readonly status: ClientStatus;
  /** The number of its batch in the journal. */
  readonly batch?: number;
  readonly serialNumber?: string;
  /** The service's Status of the CSR, or the client's own error code. */
  readonly reason?: string;
  readonly errorCode?: string;
  readonly text?: string;
}

/** How many there are of each status. */
export function countByStatus(reports: readonly CsrReport[]): Partial<Record<ClientStatus, number>> {
  const counts: Partial<Record<ClientStatus, number>> = {};
  for (const { status } of reports) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

const fields = ["file", "status", "batch", "serialNumber", "reason", "errorCode", "text"] as const;

/** The report as tab-separated values, with a heading; blanks stand for what would end a field or line. */
export function writeReport(reports: readonly CsrReport[]): string {
  const line = (report: CsrReport) =>
    fields.map((field) => String(report[field] ?? "").replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, " ")).join("\t");
  return `${[fields.join("\t"), ...reports.map(line)].join("\n")}\n`;
}

/** Whether sending the same CSR again may help (SEC Appendix M, Appendix D): the CA failed, not the CSR. */
export const mayPass = ({ status, reason }: CsrReport): boolean =>
  status === "refused" && reason === "CA_ERROR";
