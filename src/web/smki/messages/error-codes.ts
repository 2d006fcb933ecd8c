import { catalogue, type ErrorCode } from "../../../errors/catalogue.ts";
import { type ErrorDetails, SmkiError } from "../../../errors/smki-error.ts";
import { type ErrorCodeEntry, errorCodeTable } from "./error-code-table.ts";
import {
  type AdHocStatus,
  type CsrStatus,
  codePrefixes,
  type FailedStatus,
  type MessageError,
  type RefusalStatus,
} from "./statuses.ts";

/** What refuses a request: a SmkiError, or what a database kept of one. */
export interface Refused {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
}

/** Status and Error of a message. */
export interface Refusal<Status extends FailedStatus> {
  readonly status: Status;
  readonly error: MessageError;
}

/** Where a batch failed that no mistake of its client explains; an example of Appendix M has each code. */
const failureOf = { submission: "BB2", query: "BB1" } as const;

/** What the Ad Hoc Device CSR Web Service answers. */
export function adHocRefusal(refused: Refused): Refusal<Exclude<AdHocStatus, "SUCCESS">> {
  const entry = entryOf(refused)?.adHoc;
  return entry === undefined ? failure(refused) : refusal(...entry, textOf(refused));
}

/** What the result of a batch says of one CSR. */
export function csrRefusal(refused: Refused): Refusal<Exclude<CsrStatus, "SUCCESS">> {
  const entry = entryOf(refused)?.csr;
  return entry === undefined ? failure(refused) : refusal(...entry, textOf(refused));
}

/** What a batch, or the query for the result of one, is answered with. */
export function batchRefusal(refused: Refused, of: keyof typeof failureOf): Refusal<RefusalStatus> {
  const entry = entryOf(refused)?.batch;
  return entry === undefined
    ? refusal("WORKFLOW_ERROR", failureOf[of], internalText)
    : refusal(...entry, textOf(refused));
}

/**
 * Whether a refusal returns the ID of the request: "unless the original request is incorrectly formed" (Appendix A).
 * A batch that is only too large is correctly formed as far as it was read (example in Appendix C).
 */
export function returnsReference({ code }: Pick<Refused, "code">): boolean {
  if (code === "BATCH_TOO_LARGE") return true;
  const { adHoc, batch } = errorCodeTable[code] ?? {};
  return (adHoc ?? batch)?.[0] !== "FORMAT_ERROR";
}

function entryOf({ code, details }: Refused): ErrorCodeEntry | undefined {
  const entry = errorCodeTable[code];
  return entry?.byReason?.[String(details["reason"])] ?? entry;
}

const internalText = "An internal error. Report the error code to the Service Desk";

/** A failure of our own. What it was stays in the log; the client learns only whether trying again may help. */
function failure({ code }: Refused): Refusal<"CA_ERROR" | "WORKFLOW_ERROR"> {
  return catalogue[code].status === 503
    ? refusal("CA_ERROR", "EE1", "No certificate could be issued now. Submit the CSR again later")
    : refusal("WORKFLOW_ERROR", "BB3", internalText);
}

function refusal<Status extends FailedStatus>(status: Status, value: string, text: string): Refusal<Status> {
  return { status, error: { code: `${codePrefixes[status]}:${value}`, text } };
}

function textOf({ code, details }: Refused): string {
  // The inventory's entry of a Device is not for a Party that is not responsible for it.
  const { message, remedy } = new SmkiError(code, code === "DEVICE_NOT_ELIGIBLE" ? {} : details);
  return `${message}. ${remedy}`;
}
