import { hash } from "node:crypto";
import {
  csrOctetLimit,
  type DeviceRequest,
  decodeCsrText,
  parseCsr,
  readDeviceCsr,
  verifyCsrSignature,
} from "../../certificates/index.ts";
import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import { readBoundedFile } from "../bounded-file.ts";

/** A CSR of a folder. */
export interface CsrFile {
  /** PKCS#10, DER. */
  readonly der: Buffer;
  readonly sha256: string;
  readonly request: DeviceRequest;
}

/** What a file with a CSR may have in octets, before it is read as one. */
const fileLimit = 4 * csrOctetLimit;

/**
 * Reads a Device CSR from a file: DER, or one of the text forms of the portal (SEC Appendix M, Appendix F).
 *
 * @throws SmkiError FILE_UNREADABLE; with a `CSR_` code: what a service would refuse after a night is refused here
 */
export function readCsrFile(path: string): CsrFile {
  const octets = readOctets(path);
  // A sequence: no text of the portal begins so.
  const der = octets[0] === 0x30 ? octets : decodeCsrText(octets.toString("latin1"));
  const parsed = parseCsr(der);
  const request = readDeviceCsr(parsed);
  verifyCsrSignature(parsed);
  return { der, sha256: hash("sha256", der, "hex"), request };
}

function readOctets(path: string): Buffer {
  try {
    return readBoundedFile(path, fileLimit);
  } catch (error) {
    if (!isSmkiError(error, "DER_TOO_LARGE")) throw error;
    throw new SmkiError("CSR_TOO_LARGE", error.details, { cause: error });
  }
}
