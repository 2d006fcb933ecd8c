import { isMinimalInteger } from "../../der/index.ts";
import type { Extension } from "../../syntax/index.ts";
import { Oids } from "../../vocabulary/index.ts";
import { extensionName } from "../extensions.ts";
import { isKeyIdentifierOnly } from "../rules/authority-key-identifier.ts";
import type { CrlRule } from "./crl-rule.ts";

/** Exactly authorityKeyIdentifier (key identifier only) and cRLNumber, neither critical, and no others. */
export const crlExtensions: CrlRule = {
  name: "crl-extensions",
  source: "RFC 5280 5.2.1 and 5.2.3; SEC Appendix B (CRL and ARL profile)",
  check: ({ extensions }, { issuer }) => {
    const [authority, number, ...others] = extensions;
    if (authority?.id !== Oids.authorityKeyIdentifier || number?.id !== Oids.cRLNumber || others.length > 0) {
      return `The extensions are ${extensions.map(({ id }) => extensionName(id)).join(", ") || "none"}, not authorityKeyIdentifier, cRLNumber`;
    }
    if (authority.critical || number.critical) return "An extension is critical";
    return wrongAuthority(authority, issuer?.keyIdentifier) ?? wrongNumber(number);
  },
};

function wrongAuthority({ value }: Extension, expected: Buffer | undefined): string | undefined {
  const isOne = isKeyIdentifierOnly(value, 8) || isKeyIdentifierOnly(value, 20);
  if (!isOne) return `The authorityKeyIdentifier ${value.toString("hex")} is not one keyIdentifier`;
  return expected?.equals(value.subarray(4)) === false
    ? `The authorityKeyIdentifier ${value.toString("hex", 4)} is not the CA's ${expected.toString("hex")}`
    : undefined;
}

/** INTEGER (0..MAX) of at most 20 octets. */
function wrongNumber({ value }: Extension): string | undefined {
  const octets = value.subarray(2);
  const isNumber =
    value[0] === 0x02 &&
    value[1] === octets.length &&
    octets.length <= 20 &&
    isMinimalInteger(octets) &&
    (octets[0] ?? 0x80) < 0x80;
  return isNumber
    ? undefined
    : `The cRLNumber ${value.toString("hex")} is not an INTEGER of at most 20 octets`;
}
