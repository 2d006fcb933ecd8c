import { Tag } from "../../der/index.ts";
import { Oids } from "../../vocabulary/index.ts";
import { attributeName, describeName, hasShape, stringTypeOf } from "../names.ts";
import type { CrlRule } from "./crl-rule.ts";

const { commonName, organisationalUnit } = Oids;

/** The subject of the CA octet for octet: [OU,] CN, PrintableString. */
export const crlIssuer: CrlRule = {
  name: "crl-issuer",
  source: "RFC 5280 5.1.2.3",
  check: (list, { issuer }) => {
    const name = list.issuer;
    if (!hasShape(name, [organisationalUnit, commonName]) && !hasShape(name, [commonName])) {
      return `The issuer is ${describeName(name)}, not [OU,] CN`;
    }
    const other = name.relativeDistinguishedNames.flat().find(({ tag }) => tag !== Tag.printableString);
    if (other !== undefined)
      return `The issuer's ${attributeName(other.type)} is a ${stringTypeOf(other.tag)}, not a PrintableString`;
    return issuer?.subject?.equals(name.der) === false
      ? "The issuer is not the subject of the CA"
      : undefined;
  },
};
