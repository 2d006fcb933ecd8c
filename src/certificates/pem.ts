import type { ErrorCode } from "../errors/catalogue.ts";
import { SmkiError } from "../errors/smki-error.ts";
import { asBuffer } from "./der/index.ts";

/** One block of a PEM file (RFC 7468). */
export interface PemBlock {
  readonly label: string;
  readonly der: Buffer;
}

const begin = "-----BEGIN ";

/**
 * Reads every block of a PEM file, in order; text between them is passed over.
 *
 * @param labels - the labels that may stand there; any other is refused, so that a private key is not passed over
 * @param code - of the error that is thrown
 * @throws SmkiError with that code
 */
export function readPem(text: string, labels: readonly string[], code: ErrorCode): PemBlock[] {
  const found: PemBlock[] = [];
  for (let at = text.indexOf(begin); at !== -1; at = text.indexOf(begin, at)) {
    const labelEnd = text.indexOf("-----", at + begin.length);
    const label = labelEnd === -1 ? "" : text.slice(at + begin.length, labelEnd);
    if (!labels.includes(label)) throw new SmkiError(code, { label: label.slice(0, 40) });
    const end = `-----END ${label}-----`;
    const bodyEnd = text.indexOf(end, labelEnd);
    if (bodyEnd === -1) throw new SmkiError(code, { block: found.length + 1, end: "missing" });
    const der = decodeBase64(text.slice(labelEnd + 5, bodyEnd));
    if (der === undefined) throw new SmkiError(code, { block: found.length + 1, base64: "malformed" });
    found.push({ label, der });
    at = bodyEnd + end.length;
  }
  return found;
}

/** Writes one block: lines of 64 characters (RFC 7468 2). */
export function writePem(label: string, der: Uint8Array): string {
  const lines = asBuffer(der)
    .toString("base64")
    .match(/.{1,64}/g);
  return [`-----BEGIN ${label}-----`, ...(lines ?? []), `-----END ${label}-----`, ""].join("\n");
}

/** Base64 with blanks and line ends anywhere, and nothing else: what Buffer would skip over is refused. */
export function decodeBase64(body: string): Buffer | undefined {
  const base64 = body.replaceAll(/[ \t\r\n]/g, "");
  const der = Buffer.from(base64, "base64");
  return der.toString("base64") === base64 ? der : undefined;
}
