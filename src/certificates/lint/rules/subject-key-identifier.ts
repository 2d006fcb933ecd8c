import { hash } from "node:crypto";
import { Oids } from "../../vocabulary/index.ts";
import { extensionOf } from "../extensions.ts";
import { isAny, isIki } from "../profile.ts";
import type { TbsRule } from "../rule.ts";

/** The value of the extension: an OCTET STRING of 8 octets, or of 20 for an RSA key. */
const header = { p256: 0x0408, rsa: 0x0414 } as const;

/**
 * Present, non-critical, and the identifier of the very key in the certificate: by method (2) of RFC 5280 (0100 and the
 * low 60 bits of the SHA-1) for a P-256 key, by method (1) for an RSA key.
 */
export const subjectKeyIdentifier: TbsRule = {
  name: "subject-key-identifier",
  source: "RFC 5280 4.2.1.2; GBCS 12",
  appliesTo: isAny,
  check: (tbs, { profile }) => {
    const extension = extensionOf(tbs, Oids.subjectKeyIdentifier);
    if (extension === undefined) return "There is no subjectKeyIdentifier";
    if (extension.critical) return "The subjectKeyIdentifier is critical";
    const { value } = extension;
    const length = isIki(profile) ? 20 : 8;
    const isFormed =
      value.length === length + 2 && value.readUInt16BE(0) === (isIki(profile) ? header.rsa : header.p256);
    if (!isFormed) {
      return `The subjectKeyIdentifier ${value.toString("hex")} is not an OCTET STRING of ${String(length)} octets`;
    }
    const digest = hash("sha1", tbs.subjectPublicKeyInfo.publicKey, "hex");
    const expected = isIki(profile) ? digest : `4${digest.slice(-15)}`;
    const found = value.toString("hex", 2);
    return found === expected
      ? undefined
      : `The subjectKeyIdentifier is ${found}; the key's identifier is ${expected}`;
  },
};
