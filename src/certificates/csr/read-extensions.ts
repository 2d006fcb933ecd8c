import { SmkiError } from "../../errors/smki-error.ts";
import type { Oid } from "../der/index.ts";
import { decodeKeyUsage, decodeSubjectAltName, encodeKeyUsage } from "../extensions/index.ts";
import { type Eui64, eui64FromOctets, type KeyUsage, Oids } from "../vocabulary/index.ts";
import type { CertificationRequest } from "./certification-request.ts";
import { asCsrError } from "./parse.ts";

const digitalSignature = encodeKeyUsage(["digitalSignature"]);
const keyAgreement = encodeKeyUsage(["keyAgreement"]);

/**
 * Reads the one use that is asked for. Whether the extension is critical in the request is not judged: the DCC does
 * not, and in the certificate it always is (SEC Appendix M Appendix F).
 *
 * @throws SmkiError CSR_KEY_USAGE_MISSING, CSR_KEY_USAGE_INVALID, CSR_MALFORMED
 */
export function readKeyUsage(request: CertificationRequest): KeyUsage {
  const value = valueOf(request, Oids.keyUsage);
  if (value === undefined) throw new SmkiError("CSR_KEY_USAGE_MISSING");
  if (value.equals(digitalSignature)) return "digitalSignature";
  if (value.equals(keyAgreement)) return "keyAgreement";
  const asked = asCsrError(() => decodeKeyUsage(value));
  throw new SmkiError("CSR_KEY_USAGE_INVALID", { asked: asked.join(" ") });
}

/**
 * Reads the one hardwareModuleName (RFC 4108 5) that names the Device; criticality is not judged, as for keyUsage.
 *
 * @throws SmkiError CSR_SUBJECT_ALT_NAME_MISSING, CSR_NAMES_SEVERAL, CSR_SUBJECT_ALT_NAME_INVALID,
 * CSR_ENTITY_IDENTIFIER_INVALID, CSR_MALFORMED
 */
export function readDeviceName(request: CertificationRequest): { deviceId: Eui64; hardwareType: Oid } {
  const value = valueOf(request, Oids.subjectAltName);
  if (value === undefined) throw new SmkiError("CSR_SUBJECT_ALT_NAME_MISSING");
  const names = asCsrError(() => decodeSubjectAltName(value));
  if (names.length > 1) throw new SmkiError("CSR_NAMES_SEVERAL", { names: names.length });
  const moduleName = names[0]?.hardwareModuleName;
  if (moduleName === undefined) throw new SmkiError("CSR_SUBJECT_ALT_NAME_INVALID");
  const { hardwareType, hardwareSerialNumber } = moduleName;
  if (hardwareSerialNumber.length !== 8) {
    throw new SmkiError("CSR_ENTITY_IDENTIFIER_INVALID", { octets: hardwareSerialNumber.length });
  }
  return { deviceId: eui64FromOctets(hardwareSerialNumber), hardwareType };
}

function valueOf(request: CertificationRequest, id: Oid): Buffer | undefined {
  for (const extension of request.extensions) if (extension.id === id) return extension.value;
  return undefined;
}
