import type { CrlRule } from "./crl-rule.ts";

/** No empty list of entries, no serial number twice, positive ones only. */
export const crlSerialNumbers: CrlRule = {
  name: "crl-serial-numbers",
  source: "RFC 5280 5.1.2.6 and 4.1.2.2",
  check: ({ entries, hasEmptyEntries }) => {
    if (hasEmptyEntries) return "revokedCertificates is there but empty";
    const seen = new Set<string>();
    for (const { serialNumber } of entries) {
      const serial = serialNumber.toString("latin1");
      if (seen.has(serial)) return `The serial number ${serialNumber.toString("hex")} occurs twice`;
      if ((serialNumber[0] ?? 0) >= 0x80)
        return `The serial number ${serialNumber.toString("hex")} is negative`;
      seen.add(serial);
    }
    return undefined;
  },
};
