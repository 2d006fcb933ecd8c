import { fails, holds } from "../path-check.ts";
import type { CertificateCheck } from "./certificate-check.ts";

/** Most octets of a serial number (RFC 5280 4.1.2.2). */
const maximumOctets = 20;

/** Positive, and no longer than anybody must be able to handle. */
export const serialNumber: CertificateCheck = {
  name: "serial-number",
  source: "RFC 5280 4.1.2.2",
  judge: ({ subject }) => {
    const octets = subject.certificate.serialNumber;
    if ((octets[0] ?? 0) >= 0x80) return fails("serial-number", "Its serial number is negative");
    if (octets.every((octet) => octet === 0)) return fails("serial-number", "Its serial number is zero");
    return octets.length > maximumOctets
      ? fails(
          "serial-number",
          `Its serial number has ${String(octets.length)} octets; at most 20 are allowed`,
        )
      : holds(`Its serial number is positive: ${octets.toString("hex")}`);
  },
};
