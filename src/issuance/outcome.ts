import type { SerialNumber } from "../certificates/index.ts";
import type { ErrorCode } from "../errors/catalogue.ts";
import type { ErrorDetails, SmkiError } from "../errors/smki-error.ts";

/** What became of one CSR. */
export type Outcome =
  | { readonly status: "issued"; readonly serialNumber: SerialNumber }
  | { readonly status: "refused"; readonly code: ErrorCode; readonly details: ErrorDetails };

/** The outcome of a CSR that was refused. */
export function refused(error: SmkiError): Outcome {
  return { status: "refused", code: error.code, details: error.details };
}
