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

/** The octets of a CSR of a folder. */
export interface CsrOctets {
  /** PKCS#10, DER. */
  readonly der: Buffer;
  readonly sha256: string;
}

/** A CSR of a folder, and what it asks for. */
export interface CsrFile extends CsrOctets {
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
  const octets = readCsrOctets(path);
  const parsed = parseCsr(octets.der);
  const request = readDeviceCsr(parsed);
  verifyCsrSignature(parsed);
  return { ...octets, request };
}

/**
 * Reads a CSR that was found good before, and is the same still.
 *
 * @param sha256 - of that one
 * @returns nothing, where it was changed
 * @throws SmkiError FILE_UNREADABLE; CSR_TEXT_MALFORMED, CSR_TOO_LARGE
 */
export function readSameCsr(path: string, sha256: string): CsrOctets | undefined {
  const octets = readCsrOctets(path);
  return octets.sha256 === sha256 ? octets : undefined;
}

function readCsrOctets(path: string): CsrOctets {
  const octets = readOctets(path);
  // A sequence: no text of the portal begins so.
  const der = octets[0] === 0x30 ? octets : decodeCsrText(octets.toString("latin1"));
  return { der, sha256: hash("sha256", der, "hex") };
}

function readOctets(path: string): Buffer {
  try {
    return readBoundedFile(path, fileLimit);
  } catch (error) {
    if (!isSmkiError(error, "DER_TOO_LARGE")) throw error;
    throw new SmkiError("CSR_TOO_LARGE", error.details, { cause: error });
  }
}
