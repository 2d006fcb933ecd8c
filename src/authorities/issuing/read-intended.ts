import { assembleCertificate, type Certificate, parseCertificate } from "../../certificates/index.ts";

/** Any well-formed signature: it lets the octets to be signed be read as a certificate, which is never given out. */
const placeholderSignature = Buffer.from("3006020101020101", "hex");

/** Reads octets that are recorded to be signed as the certificate that they shall become. */
export function readIntended(toBeSigned: Buffer): Certificate {
  return parseCertificate(assembleCertificate(toBeSigned, placeholderSignature));
}
