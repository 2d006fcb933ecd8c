import { isSmkiError, SmkiError } from "../errors/smki-error.ts";
import { splitDer } from "./certificate-file.ts";
import { type CertificateList, crlOctetLimit, parseCrl } from "./crl/index.ts";
import { asBuffer } from "./der/index.ts";
import { decodeBase64, type PemBlock, readPem, writePem } from "./pem.ts";
import { type Certificate, parseCertificate } from "./syntax/index.ts";

/** What a file holds: certificates, CRLs and ARLs, each in the order in which they stand in it. */
export interface Bundle {
  readonly certificates: readonly Certificate[];
  readonly lists: readonly CertificateList[];
}

/** The largest file that is read, in octets: the largest list as PEM. */
export const bundleOctetLimit: number = Math.ceil((crlOctetLimit * 4) / 3) + 4 * 1024 * 1024;

/** Most certificates and lists of one file. */
const maximumParts = 10_000;

const code = "BUNDLE_FILE_INVALID";
const labels = ["CERTIFICATE", "X509 CRL"];

/**
 * Reads every certificate and list of a file: PEM (RFC 7468, with or without text between), DER one after another, or Base64
 * of DER as the repository's services give it.
 *
 * @throws SmkiError BUNDLE_FILE_INVALID when it is none of those, holds something else (a private key, say) or nothing;
 *   DER_TOO_LARGE; otherwise what `parseCertificate` and `parseCrl` throw
 */
export function decodeBundleFile(file: Uint8Array): Bundle {
  const maximumSize = bundleOctetLimit;
  if (file.length > maximumSize) throw new SmkiError("DER_TOO_LARGE", { size: file.length, maximumSize });
  const parts = partsOf(asBuffer(file));
  if (parts.length === 0 || parts.length > maximumParts) throw new SmkiError(code, { parts: parts.length });
  const certificates: Certificate[] = [];
  const lists: CertificateList[] = [];
  for (const part of parts) {
    const list = listOf(part);
    if (list === undefined) certificates.push(parseCertificate(part.der));
    else lists.push(list);
  }
  return { certificates, lists };
}

/** Writes a CRL or ARL as PEM (RFC 7468 6). */
export function encodeListPem(der: Uint8Array): string {
  return writePem("X509 CRL", der);
}

function partsOf(file: Buffer): PemBlock[] {
  // Both structures are longer than 127 octets, so that their length is of the long form; text is not like that.
  if (file[0] === 0x30 && (file[1] ?? 0) >= 0x80) return derParts(file);
  const text = file.toString("latin1");
  if (text.includes("-----BEGIN ")) return readPem(text, labels, code);
  const der = decodeBase64(text);
  if (der === undefined || der.length === 0)
    throw new SmkiError(code, { form: "neither PEM, DER nor Base64" });
  return derParts(der);
}

/** DER has no label. */
function derParts(der: Buffer): PemBlock[] {
  return splitDer(der, bundleOctetLimit).map((element) => ({ label: "", der: element }));
}

/** Without a label, what can be read as a list is one, and anything else is told as a certificate. */
function listOf({ label, der }: PemBlock): CertificateList | undefined {
  if (label === "X509 CRL") return parseCrl(der);
  if (label === "CERTIFICATE" || looksLikeCertificate(der)) return undefined;
  try {
    return parseCrl(der);
  } catch (error) {
    if (!isSmkiError(error)) throw error;
    return undefined;
  }
}

/** A certificate of version 3 begins with `[0]`, which a list never does (RFC 5280 4.1 and 5.1). */
function looksLikeCertificate(der: Buffer): boolean {
  const inner = 2 + ((der[1] ?? 0) >= 0x80 ? (der[1] ?? 0) & 0x7f : 0);
  const first = inner + 2 + ((der[inner + 1] ?? 0) >= 0x80 ? (der[inner + 1] ?? 0) & 0x7f : 0);
  return der[first] === 0xa0;
}
