import { SmkiError } from "../errors/smki-error.ts";
import { asBuffer, type DerReader, readDer } from "./der/index.ts";
import { readPem, writePem } from "./pem.ts";
import { type Certificate, parseCertificate } from "./syntax/index.ts";

/** The largest file that is read, in octets: a bundle of ten thousand certificates has about 6 MB of PEM. */
export const certificateFileOctetLimit: number = 16 * 1024 * 1024;

/**
 * Reads every certificate of a file, in order: PEM (RFC 7468, with or without text between) or DER, one or many.
 *
 * @param file - its text or its octets
 * @returns at least one certificate
 * @throws SmkiError CERTIFICATE_FILE_INVALID when it is neither, holds something else or has no certificate;
 *   otherwise what `parseCertificate` throws
 */
export function decodeCertificateFile(file: string | Uint8Array): Certificate[] {
  const maximumSize = certificateFileOctetLimit;
  if (file.length > maximumSize) throw new SmkiError("DER_TOO_LARGE", { size: file.length, maximumSize });
  // A certificate is longer than 127 octets, so its length is of the long form; text that begins with a 0 is not DER.
  if (typeof file !== "string" && file[0] === 0x30 && (file[1] ?? 0) >= 0x80)
    return splitDer(file).map(parseCertificate);
  const text = typeof file === "string" ? file : asBuffer(file).toString("latin1");
  // A key in the file is named and refused, so that nobody passes one on for a certificate.
  const blocks = readPem(text, ["CERTIFICATE"], "CERTIFICATE_FILE_INVALID");
  if (blocks.length === 0) throw new SmkiError("CERTIFICATE_FILE_INVALID", { certificates: 0 });
  return blocks.map(({ der }) => parseCertificate(der));
}

/** Writes a certificate as PEM: lines of 64 characters (RFC 7468 2 and 5.1). */
export function encodePem(der: Uint8Array): string {
  return writePem("CERTIFICATE", der);
}

/** The elements of a file that holds one DER structure after another. */
export function splitDer(bytes: Uint8Array, limit: number = certificateFileOctetLimit): Buffer[] {
  const readElements = (reader: DerReader) => {
    const elements: Buffer[] = [];
    while (!reader.atEnd) elements.push(reader.element());
    return elements;
  };
  return readDer(bytes, readElements, { maximumSize: limit });
}
