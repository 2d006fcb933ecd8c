import {
  type Certificate,
  type DeviceRequest,
  type PathResult,
  parseCertificate,
  readFields,
} from "../../certificates/index.ts";
import { isSmkiError } from "../../errors/smki-error.ts";

/** Whether a certificate's path to a trusted root holds. */
export type PathCheckOf = (certificate: Certificate) => Pick<PathResult, "holds" | "reason">;

/**
 * What of a certificate is not as its CSR asked (SEC L11.5): its key, its Device, its usage, and, where the person gave
 * authorities, who signed it.
 *
 * @param judge - of the authorities that the person trusts; not asked if left out
 * @returns in words; nothing, when it is the certificate for that CSR
 */
export function mismatchesOf(request: DeviceRequest, der: Uint8Array, judge?: PathCheckOf): string[] {
  try {
    const certificate = parseCertificate(der);
    const fields = readFields(certificate);
    if (fields.profile !== "device") return [`a certificate of the profile ${fields.profile}`];
    const path = judge?.(certificate);
    return [
      ...(request.publicKey.equals(fields.publicKey) ? [] : ["another public key"]),
      ...(request.deviceId === fields.deviceId ? [] : [`Device ${fields.deviceId}`]),
      ...(request.keyUsage === fields.keyUsage ? [] : [`key usage ${fields.keyUsage}`]),
      ...(request.hardwareType === fields.hardwareType ? [] : [`hardware type ${fields.hardwareType}`]),
      ...(path === undefined || path.holds ? [] : [`path: ${String(path.reason)}`]),
    ];
  } catch (error) {
    if (!isSmkiError(error)) throw error;
    return [`no Device Certificate: ${error.code}`];
  }
}

/** The serial number of a certificate, in capital hexadecimal digits. */
export const serialNumberOf = (der: Uint8Array): string =>
  readFields(parseCertificate(der)).serialNumber.toUpperCase();
