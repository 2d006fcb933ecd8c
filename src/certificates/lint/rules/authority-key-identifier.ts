import { Oids } from "../../vocabulary/index.ts";
import { extensionOf } from "../extensions.ts";
import { isAny, isIki, isRoot } from "../profile.ts";
import type { TbsRule } from "../rule.ts";

/** Present except in a self-signed root, non-critical, the key identifier and nothing else. */
export const authorityKeyIdentifier: TbsRule = {
  name: "authority-key-identifier",
  source: "RFC 5280 4.2.1.1; GBCS 12",
  appliesTo: isAny,
  check: (tbs, { profile }) => {
    const extension = extensionOf(tbs, Oids.authorityKeyIdentifier);
    if (extension === undefined) return isRoot(profile) ? undefined : "There is no authorityKeyIdentifier";
    if (extension.critical) return "The authorityKeyIdentifier is critical";
    const length = isIki(profile) ? 20 : 8;
    return isKeyIdentifierOnly(extension.value, length)
      ? undefined
      : `The authorityKeyIdentifier ${extension.value.toString("hex")} is not one keyIdentifier of ${String(length)} octets`;
  },
};

/** `SEQUENCE { [0] keyIdentifier }` with so many octets. */
export function isKeyIdentifierOnly(value: Buffer, length: number): boolean {
  return (
    value.length === length + 4 &&
    value[0] === 0x30 &&
    value[1] === length + 2 &&
    value[2] === 0x80 &&
    value[3] === length
  );
}
