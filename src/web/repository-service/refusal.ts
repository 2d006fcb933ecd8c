import { catalogue, type ErrorCode } from "../../errors/catalogue.ts";
import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import type { ResponseRoot } from "./response.ts";

/** What a refused request is answered with. */
export interface Refusal {
  readonly status: number;
  /** Goes into ResponseMessage: the code first, for programs. */
  readonly message: string;
  readonly error: SmkiError;
}

/** Where this interface's statuses are its own. The DCC's client takes 402 for "none", 401 for its own mistake. */
const statuses: Partial<Record<ErrorCode, number>> = {
  BOXED_CERTIFICATE_NOT_FOUND: 402,
  CERTIFICATE_NOT_FOUND: 402,
  EUI64_INVALID: 401,
  SERIAL_NUMBER_INVALID: 401,
  BOXED_MEDIA_TYPE: 415,
  REPOSITORY_CERTIFICATE_NOT_FOUND: 402,
  DOCUMENT_NOT_FOUND: 402,
  LIST_NOT_FOUND: 402,
  AUTHORITY_NOT_FOUND: 402,
};

/**
 * Decides how a failure is answered. Only a refusal of the request itself is told in full: the details of a
 * failure of our own stay in the log.
 *
 * @param names - codes that this service tells under others
 */
export function refusalOf(thrown: unknown, names: OtherNames = {}): Refusal {
  const error = underOtherName(isSmkiError(thrown) ? thrown : codedError(thrown), names);
  const { what, status: usual } = catalogue[error.code];
  const status = statuses[error.code] ?? usual;
  const told = status < 500 ? error.message : what;
  return { status, message: `${error.code}: ${told}. ${error.remedy}`, error };
}

/** Codes that a service tells under others: those of the emulator's service say BOXED. */
export type OtherNames = Partial<Record<ErrorCode, ErrorCode>>;

function underOtherName(error: SmkiError, names: OtherNames): SmkiError {
  const name = names[error.code];
  return name === undefined ? error : new SmkiError(name, error.details, { cause: error });
}

/** Gives what Fastify refuses by itself (its codes begin with FST_ERR_) a code of the catalogue. */
function codedError(thrown: unknown): SmkiError {
  const { code, statusCode } = (thrown ?? {}) as { code?: unknown; statusCode?: unknown };
  if (code === "FST_ERR_CTP_INVALID_MEDIA_TYPE") return new SmkiError("BOXED_MEDIA_TYPE");
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE") return new SmkiError("REQUEST_TOO_LARGE");
  if (typeof statusCode === "number" && statusCode >= 400 && statusCode < 500)
    return new SmkiError("BOXED_REQUEST_INVALID", {}, { cause: thrown });
  return new SmkiError("INTERNAL", {}, { cause: thrown });
}

/** The root element that a client of this path looks for. */
export function responseRootOf(path: string): ResponseRoot {
  if (path === "/services/certificatesearch") return "CertificateSearchResponse";
  if (path === "/services/retrievecertificate") return "CertificateDataResponse";
  if (path === "/services/documentsearch") return "DocumentSearchResponse";
  if (path === "/services/retrievedocument") return "DocumentDataResponse";
  if (path === "/services/retrieverevocationlist") return "RevocationListResponse";
  return "ErrorResponse";
}
