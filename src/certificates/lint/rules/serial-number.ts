import { isMinimalInteger } from "../../der/index.ts";
import { isAny } from "../profile.ts";
import type { TbsRule } from "../rule.ts";

/**
 * Positive, minimal, and no longer than the limit. For certificates of our own making the limits also say the range of
 * the first octet, which makes every serial number exactly as long as the limit.
 */
export const serialNumber: TbsRule = {
  name: "serial-number",
  source: "RFC 5280 4.1.2.2",
  appliesTo: isAny,
  check: ({ serialNumber: octets }, { limits }) => {
    const first = octets[0] ?? 0;
    if (!isMinimalInteger(octets)) return "The serial number is not in its fewest octets";
    if (first >= 0x80) return "The serial number is negative";
    if (first === 0 && octets.length === 1) return "The serial number is zero";
    if (octets.length > limits.serialNumberOctets) {
      return `The serial number has ${String(octets.length)} octets; at most ${String(limits.serialNumberOctets)} are allowed`;
    }
    const range = limits.serialNumberFirstOctet;
    if (range === undefined) return undefined;
    if (octets.length !== limits.serialNumberOctets) {
      return `The serial number has ${String(octets.length)} octets, not ${String(limits.serialNumberOctets)}`;
    }
    return first < range.lowest || first > range.highest
      ? `The serial number's first octet is ${String(first)}, outside ${String(range.lowest)} to ${String(range.highest)}`
      : undefined;
  },
};
