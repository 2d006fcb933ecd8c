import { SmkiError } from "../errors/smki-error.ts";
import { asBuffer, type DerReader, readDer } from "./der/index.ts";
import { type Certificate, parseCertificate } from "./syntax/index.ts";

/** A bundle of ten thousand certificates has about 6 MB of PEM. */
const maximumSize = 16 * 1024 * 1024;

/**
 * Reads every certificate of a file, in order: PEM (RFC 7468, with or without text between) or DER, one or many.
 *
 * @param file - its text or its octets
 * @returns at least one certificate
 * @throws SmkiError CERTIFICATE_FILE_INVALID when it is neither, holds something else or has no certificate;
 *   otherwise what `parseCertificate` throws
 */
export function decodeCertificateFile(file: string | Uint8Array): Certificate[] {
  if (file.length > maximumSize) throw new SmkiError("DER_TOO_LARGE", { size: file.length, maximumSize });
  // A certificate is longer than 127 octets, so its length is of the long form; text that begins with a 0 is not DER.
  if (typeof file !== "string" && file[0] === 0x30 && (file[1] ?? 0) >= 0x80)
    return splitDer(file).map(parseCertificate);
  const text = typeof file === "string" ? file : asBuffer(file).toString("latin1");
  return splitPem(text).map(parseCertificate);
}

/** Writes a certificate as PEM: lines of 64 characters (RFC 7468 2 and 5.1). */
export function encodePem(der: Uint8Array): string {
  const lines = asBuffer(der)
    .toString("base64")
    .match(/.{1,64}/g);
  return ["-----BEGIN CERTIFICATE-----", ...(lines ?? []), "-----END CERTIFICATE-----", ""].join("\n");
}

function splitDer(bytes: Uint8Array): Buffer[] {
  const readElements = (reader: DerReader) => {
    const elements: Buffer[] = [];
    while (!reader.atEnd) elements.push(reader.element());
    return elements;
  };
  return readDer(bytes, readElements, { maximumSize });
}

const begin = "-----BEGIN ";
const end = "-----END CERTIFICATE-----";

function splitPem(text: string): Buffer[] {
  const found: Buffer[] = [];
  for (let at = text.indexOf(begin); at !== -1; at = text.indexOf(begin, at)) {
    const labelEnd = text.indexOf("-----", at + begin.length);
    const label = labelEnd === -1 ? "" : text.slice(at + begin.length, labelEnd);
    // A key in the file is named and refused, so that nobody passes one on for a certificate.
    if (label !== "CERTIFICATE")
      throw new SmkiError("CERTIFICATE_FILE_INVALID", { label: label.slice(0, 40) });
    const bodyEnd = text.indexOf(end, labelEnd);
    if (bodyEnd === -1)
      throw new SmkiError("CERTIFICATE_FILE_INVALID", { certificate: found.length + 1, end: "missing" });
    found.push(decodeBase64(text.slice(labelEnd + 5, bodyEnd), found.length + 1));
    at = bodyEnd + end.length;
  }
  if (found.length === 0) throw new SmkiError("CERTIFICATE_FILE_INVALID", { certificates: 0 });
  return found;
}

/** Base64 with blanks and line ends anywhere, and nothing else: what Buffer would skip over is refused. */
function decodeBase64(body: string, certificate: number): Buffer {
  const base64 = body.replaceAll(/[ \t\r\n]/g, "");
  const der = Buffer.from(base64, "base64");
  if (der.toString("base64") !== base64)
    throw new SmkiError("CERTIFICATE_FILE_INVALID", { certificate, base64: "malformed" });
  return der;
}
