import type { Base64Whitespace } from "./base64-text.ts";
import { type Children, certificateOf, errorOf, oneOf } from "./children.ts";
import type { CsrAnswer, FailedStatus } from "./statuses.ts";

/** Reads Status and what goes with it: a certificate with SUCCESS, an error with any other. */
export function readCsrAnswer<Failed extends FailedStatus>(
  children: Children,
  statuses: readonly (Failed | "SUCCESS")[],
  whitespace: Base64Whitespace,
): CsrAnswer<Failed> {
  const status: FailedStatus | "SUCCESS" = oneOf(children.next("Status"), statuses);
  if (status === "SUCCESS")
    return { status, certificate: certificateOf(children.next("Certificate"), whitespace) };
  return { status: status as Exclude<Failed, "SUCCESS">, error: errorOf(children.next("Error")) };
}
