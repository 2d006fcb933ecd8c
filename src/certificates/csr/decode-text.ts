import { SmkiError } from "../../errors/smki-error.ts";

/**
 * The largest request that is read, in octets of DER. A Device CSR has about 279 octets and an
 * IKI CSR with a 2048-bit RSA key and long names under 1,200; the rest is room, not need.
 */
export const csrOctetLimit = 4096;

const textLimit = 2 * csrOctetLimit;
const base64Lines = String.raw`([A-Za-z0-9+/=\r\n]*[A-Za-z0-9+/=])`;
const armoured = new RegExp(
  String.raw`^-----BEGIN ((?:NEW )?CERTIFICATE REQUEST)-----\r?\n${base64Lines}\r?\n-----END \1-----(?:\r?\n)*$`,
);
const bare = new RegExp(String.raw`^${base64Lines}(?:\r?\n)*$`);
const lineWidths = [64, 76];

/**
 * Decodes a CSR in any of the text forms that the SMKI Portal accepts (SEC Appendix M Appendix F): Base64 on one
 * line or broken at 64 or 76 characters, line ends LF or CR LF, with either header or with none.
 *
 * @param text - the content of one `.csr` file
 * @returns the DER octets, not yet parsed
 * @throws SmkiError CSR_TOO_LARGE, CSR_TEXT_MALFORMED
 */
export function decodeCsrText(text: string): Buffer {
  if (text.length > textLimit) throw new SmkiError("CSR_TOO_LARGE", { characters: text.length });
  const body = text.startsWith("-----") ? armoured.exec(text)?.[2] : bare.exec(text)?.[1];
  if (body === undefined) throw new SmkiError("CSR_TEXT_MALFORMED", { reason: "headers or characters" });
  const der = decodeStrictBase64(joinLines(body));
  if (der === undefined) throw new SmkiError("CSR_TEXT_MALFORMED", { reason: "Base64" });
  return withinLimit(der);
}

/**
 * Decodes a CSR as the web services carry it (SEC Appendix M Appendix A): Base64 without headers or whitespace.
 *
 * @param base64 - the content of the CSR element
 * @returns the DER octets, not yet parsed
 * @throws SmkiError CSR_TOO_LARGE, CSR_BASE64_MALFORMED
 */
export function decodeWebServiceCsr(base64: string): Buffer {
  if (base64.length > textLimit) throw new SmkiError("CSR_TOO_LARGE", { characters: base64.length });
  const der = decodeStrictBase64(base64);
  if (der === undefined) throw new SmkiError("CSR_BASE64_MALFORMED");
  return withinLimit(der);
}

/** One line, or lines of one of the two widths of which only the last may be shorter; all line ends alike. */
function joinLines(body: string): string {
  if (!body.includes("\n")) return body;
  const lines = body.split(body.includes("\r\n") ? "\r\n" : "\n");
  const width = lines[0]?.length ?? 0;
  const last = lines.at(-1)?.length ?? 0;
  const regular =
    lineWidths.includes(width) && lines.every((line, i) => i === lines.length - 1 || line.length === width);
  if (!regular || last === 0 || last > width) {
    throw new SmkiError("CSR_TEXT_MALFORMED", { reason: "line lengths" });
  }
  return lines.join("");
}

/** Canonical Base64 only: what encodes back to the same text (no whitespace, full padding, no stray bits). */
function decodeStrictBase64(text: string): Buffer | undefined {
  const der = Buffer.from(text, "base64");
  return der.length > 0 && der.toString("base64") === text ? der : undefined;
}

function withinLimit(der: Buffer): Buffer {
  if (der.length > csrOctetLimit) throw new SmkiError("CSR_TOO_LARGE", { octets: der.length });
  return der;
}
