import { SmkiError } from "../../../errors/smki-error.ts";
import type { CsrStatus } from "../messages/index.ts";

/** What became of one CSR, in the words of the text record (SEC Appendix M, Appendix F). */
export type RecordStatus = "success" | "error" | "anomaly" | "ineligible";

/** A line of the text record. */
export interface RecordLine {
  /** The CSR's own number in its batch, from 1. */
  readonly csr: string;
  /** The name of its file, as it was sent. */
  readonly fileName: string;
  readonly status: RecordStatus;
  /** As a web service would give it; of a CSR without a certificate. */
  readonly errorCode?: string | undefined;
}

/** How the record is written. Appendix M names its fields and says nothing of what stands between them. */
export interface RecordForm {
  readonly separator: "tab" | "comma" | "semicolon";
  /** Whether a first line names the fields. */
  readonly header: boolean;
}

const separators = { tab: "\t", comma: ",", semicolon: ";" } as const;
const fields = ["CSR", "File", "Status", "ErrorCode"] as const;
/** Text files of the people who read them come from Windows; every other system reads these line ends too. */
const lineEnd = "\r\n";

/** The status of the record for one of the result of a batch: what is neither refused by rule nor issued is an error. */
export function recordStatus(status: CsrStatus): RecordStatus {
  switch (status) {
    case "SUCCESS":
      return "success";
    case "ISSUANCE_ANOMALY":
      return "anomaly";
    case "INELIGIBLE":
      return "ineligible";
    case "CSR_ERROR":
    case "CA_ERROR":
    case "WORKFLOW_ERROR":
      return "error";
  }
}

/** Writes the text record line by line, in UTF-8. */
export async function* writeTextRecord(
  lines: AsyncIterable<RecordLine> | Iterable<RecordLine>,
  form: RecordForm,
): AsyncGenerator<Buffer> {
  const separator = separators[form.separator];
  const write = (values: readonly string[]) =>
    values.map((value) => quoted(value, separator)).join(separator) + lineEnd;
  let piece = form.header ? write(fields) : "";
  for await (const { csr, fileName, status, errorCode = "" } of lines) {
    piece += write([csr, fileName, status, errorCode]);
    if (piece.length < 64 * 1024) continue;
    yield Buffer.from(piece);
    piece = "";
  }
  if (piece !== "") yield Buffer.from(piece);
}

/** As RFC 4180 2 has it, where a value could be taken for more than one. */
function quoted(value: string, separator: string): string {
  if (!/["\r\n]/.test(value) && !value.includes(separator)) return value;
  return `"${value.replaceAll('"', '""')}"`;
}

/** Reads a text record, as a client. @throws SmkiError ANSWER_INVALID */
export function readTextRecord(text: string, form: RecordForm): RecordLine[] {
  const rows = splitRows(text, separators[form.separator]);
  return (form.header ? rows.slice(1) : rows).map((row) => {
    const [csr, fileName, status, errorCode] = row;
    if (
      row.length !== fields.length ||
      csr === undefined ||
      fileName === undefined ||
      !isRecordStatus(status)
    )
      throw new SmkiError("ANSWER_INVALID", { reason: `record line ${row.join(" ").slice(0, 80)}` });
    return { csr, fileName, status, ...(errorCode ? { errorCode } : {}) };
  });
}

const isRecordStatus = (status: string | undefined): status is RecordStatus =>
  status !== undefined && ["success", "error", "anomaly", "ineligible"].includes(status);

function splitRows(text: string, separator: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  const value = new RegExp(`(?:"((?:[^"]|"")*)"|([^"\\r\\n${separator}]*))(${separator}|\\r?\\n|$)`, "y");
  while (value.lastIndex < text.length) {
    const [, inQuotes, plain = "", after] = value.exec(text) ?? [];
    if (after === undefined) throw new SmkiError("ANSWER_INVALID", { reason: "text record" });
    row.push(inQuotes?.replaceAll('""', '"') ?? plain);
    if (after === separator) continue;
    rows.push(row);
    row = [];
  }
  return rows;
}
