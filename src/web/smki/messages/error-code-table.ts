import type { ErrorCode } from "../../../errors/catalogue.ts";
import type { AdHocStatus, CsrStatus } from "./statuses.ts";

type Failed<Status extends string> = Exclude<Status, "SUCCESS">;

/** Status and value (what follows the prefix) that an error has in each place it can be told. Values are for ever. */
export interface ErrorCodeEntry {
  /** In the Ad Hoc Device CSR Web Service. */
  readonly adHoc?: readonly [Failed<AdHocStatus>, string];
  /** As the status of one CSR of a batch. */
  readonly csr?: readonly [Failed<CsrStatus>, string];
  /** As the answer to the whole of a batch, or to a query for one. */
  readonly batch?: readonly ["FORMAT_ERROR" | "WORKFLOW_ERROR", string];
  /** In the place of this entry, by the reason that the error names. */
  readonly byReason?: Readonly<Record<string, ErrorCodeEntry>>;
}

/** The message itself: it never came to a CSR. */
const format = (value: string): ErrorCodeEntry => ({
  adHoc: ["FORMAT_ERROR", value],
  batch: ["FORMAT_ERROR", value],
});
/** The message about a batch, or the query for one. */
const formatOfBatch = (value: string): ErrorCodeEntry => ({ batch: ["FORMAT_ERROR", value] });
const csr = (value: string): ErrorCodeEntry => ({ adHoc: ["CSR_ERROR", value], csr: ["CSR_ERROR", value] });
const anomaly = (value: string): ErrorCodeEntry => ({
  adHoc: ["ISSUANCE_ANOMALY", value],
  csr: ["ISSUANCE_ANOMALY", value],
});
/** SEC L3.16. The ad hoc service has no INELIGIBLE, so that there it is an anomaly with a value of its own. */
const ineligible = (value: string, adHocValue: string): ErrorCodeEntry => ({
  adHoc: ["ISSUANCE_ANOMALY", adHocValue],
  csr: ["INELIGIBLE", value],
});
/** The Party may not use the service at all. */
const notPermitted = (value: string): ErrorCodeEntry => ({
  adHoc: ["WORKFLOW_ERROR", value],
  csr: ["WORKFLOW_ERROR", value],
  batch: ["WORKFLOW_ERROR", value],
});

/**
 * The codes of the web services. FM:AA1, AA2, AA3, WF:BB1, BB2, CR:CC1 and CR:9999 stand in examples of SEC Appendix M
 * and mean here what they mean there; the others are OpenSMKI's own. Values with DD are anomalies, with EE
 * failures of a CA: their prefix is the same. docs/interfaces.md lists them; an error that is not here is a
 * failure of our own (error-codes.ts).
 */
export const errorCodeTable: Partial<Record<ErrorCode, ErrorCodeEntry>> = {
  XML_INVALID: format("AA1"),
  MESSAGE_INVALID: format("AA1"),
  BATCH_TOO_LARGE: formatOfBatch("AA2"),
  BATCH_NOT_FOUND: formatOfBatch("AA3"),
  MESSAGE_VERSION_UNSUPPORTED: format("AA4"),
  MESSAGE_REFERENCE_INVALID: format("AA5"),
  MESSAGE_CSR_IDENTIFIER_INVALID: formatOfBatch("AA6"),
  MESSAGE_CSR_IDENTIFIER_REPEATED: formatOfBatch("AA7"),
  MESSAGE_BASE64_INVALID: format("AA8"),
  REQUEST_TOO_LARGE: format("AA9"),
  MESSAGE_MEDIA_TYPE: format("AB1"),
  MEDIA_TYPE_UNSUPPORTED: format("AB1"),
  BATCH_EMPTY: formatOfBatch("AB2"),
  REQUEST_INVALID: format("AB3"),
  BATCH_FILE_MALFORMED: formatOfBatch("AC1"),
  BATCH_FILE_ENTRY_REFUSED: formatOfBatch("AC2"),
  BATCH_FILE_TOO_LARGE: formatOfBatch("AC3"),

  CREDENTIAL_REQUIRED: notPermitted("BC1"),
  CREDENTIAL_UNKNOWN: notPermitted("BC2"),
  CREDENTIAL_ENDED: notPermitted("BC3"),
  CREDENTIAL_EXPIRED: notPermitted("BC4"),
  NOT_PERMITTED: notPermitted("BC5"),
  UPLOAD_LOST: { batch: ["WORKFLOW_ERROR", "BC6"] },

  // An OID that is not the profile's: of the key, of its curve, of the signature.
  CSR_KEY_ALGORITHM_UNSUPPORTED: csr("CC1"),
  CSR_CURVE_UNSUPPORTED: csr("CC1"),
  CSR_SIGNATURE_ALGORITHM_UNSUPPORTED: csr("CC1"),
  CSR_MALFORMED: csr("CC2"),
  CSR_TEXT_MALFORMED: csr("CC3"),
  CSR_BASE64_MALFORMED: csr("CC3"),
  CSR_EMPTY: csr("CC3"),
  CSR_TOO_LARGE: csr("CC4"),
  CSR_VERSION_UNSUPPORTED: csr("CC5"),
  CSR_ATTRIBUTE_DUPLICATED: csr("CC6"),
  CSR_EXTENSION_DUPLICATED: csr("CC7"),
  CSR_POINT_COMPRESSED: csr("CC8"),
  CSR_POINT_OFF_CURVE: csr("CC9"),
  CSR_RSA_KEY_UNSUPPORTED: csr("CD1"),
  CSR_SIGNATURE_INVALID: csr("CD2"),
  CSR_SUBJECT_NOT_EMPTY: csr("CD3"),
  CSR_SUBJECT_INVALID: csr("CD4"),
  CSR_ROLE_INVALID: csr("CD5"),
  CSR_ENTITY_IDENTIFIER_INVALID: csr("CD6"),
  CSR_KEY_USAGE_MISSING: csr("CD7"),
  CSR_KEY_USAGE_INVALID: csr("CD8"),
  CSR_SUBJECT_ALT_NAME_MISSING: csr("CD9"),
  CSR_SUBJECT_ALT_NAME_INVALID: csr("CE1"),
  CSR_NAMES_SEVERAL: csr("CE2"),
  KEY_ALREADY_CERTIFIED: csr("9999"),
  KEY_TWICE_IN_BATCH: csr("9998"),
  CERTIFICATE_LINT_FINDING: csr("CE3"),
  // What the octets of a CSR can be found to be while they are read.
  DER_TRUNCATED: csr("CC2"),
  DER_TRAILING_BYTES: csr("CC2"),
  DER_LENGTH_NOT_MINIMAL: csr("CC2"),
  DER_LENGTH_INDEFINITE: csr("CC2"),
  DER_TOO_DEEP: csr("CC2"),
  DER_TOO_LARGE: csr("CC2"),
  DER_TAG_UNEXPECTED: csr("CC2"),
  DER_TAG_UNSUPPORTED: csr("CC2"),
  DER_INTEGER_NOT_MINIMAL: csr("CC2"),
  DER_INTEGER_OUT_OF_RANGE: csr("CC2"),
  DER_BOOLEAN_INVALID: csr("CC2"),
  DER_DEFAULT_ENCODED: csr("CC2"),
  DER_BIT_STRING_INVALID: csr("CC2"),
  DER_NULL_INVALID: csr("CC2"),
  DER_OID_INVALID: csr("CC2"),
  DER_TIME_INVALID: csr("CC2"),
  DER_STRING_INVALID: csr("CC2"),
  DER_SET_INVALID: csr("CC2"),
  EUI64_INVALID: csr("CD6"),
  PUBLIC_KEY_POINT_INVALID: csr("CC9"),
  PUBLIC_KEY_ALGORITHM_UNSUPPORTED: csr("CC1"),
  PUBLIC_KEY_RSA_INVALID: csr("CD1"),
  PUBLIC_KEY_IMPORT_FAILED: csr("CC9"),
  SIGNATURE_ALGORITHM_UNSUPPORTED: csr("CC1"),
  SIGNATURE_ENCODING_INVALID: csr("CD2"),
  SIGNATURE_KEY_MISMATCH: csr("CD2"),
  CERTIFICATE_FIELD_INVALID: csr("CE3"),

  NOT_AN_AUTHORISED_SUBSCRIBER: { ...ineligible("GG1", "DE1"), batch: ["WORKFLOW_ERROR", "BC7"] },
  NOT_AN_ELIGIBLE_SUBSCRIBER: ineligible("GG2", "DE2"),
  CSR_OF_ANOTHER_PARTY: ineligible("GG3", "DE3"),
  DEVICE_NOT_ELIGIBLE: {
    ...ineligible("GG4", "DE4"),
    byReason: { "type-2-device": ineligible("GG5", "DE5") },
  },
  DEVICE_CERTIFICATE_LIMIT: anomaly("DD1"),
  DEVICE_NEVER_CERTIFIED: { adHoc: ["UNKNOWN_DEVICE", "FF1"] },
};
