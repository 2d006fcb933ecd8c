import { decodePublicKey, rsaKeyAlgorithm } from "../../keys/index.ts";
import { isIki } from "../profile.ts";
import type { TbsRule } from "../rule.ts";

/** F4, the exponent that every library makes (NIST SP 800-56B 6.2 allows 65537 and up). */
const rsaExponent = 65_537;

/** A 2048-bit modulus and the exponent 65537 (F4). */
export const publicKeyRsa: TbsRule = {
  name: "public-key-rsa",
  source: "SEC Appendix M Appendix G; RFC 8017 A.1.1",
  appliesTo: isIki,
  check: ({ subjectPublicKeyInfo }, { limits }) => {
    // Another algorithm is for the rule public-key-algorithm to find.
    if (!subjectPublicKeyInfo.algorithm.der.equals(rsaKeyAlgorithm)) return undefined;
    const key = decodePublicKey(subjectPublicKeyInfo);
    if (key.kind !== "rsa" || (key.modulusBits === limits.rsaModulusBits && key.exponent === rsaExponent)) {
      return undefined;
    }
    return `The RSA key has ${String(key.modulusBits)} bits and exponent ${String(key.exponent)}, not ${String(limits.rsaModulusBits)} and ${String(rsaExponent)}`;
  },
};
