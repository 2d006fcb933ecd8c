import { SmkiError } from "../../errors/smki-error.ts";
import { type Oid, Tag } from "../der/index.ts";
import { type Name, type NameAttribute, textOf } from "../syntax/index.ts";
import {
  type Eui64,
  eui64FromOctets,
  Oids,
  type RemotePartyRole,
  roleOfOrganisationalUnit,
} from "../vocabulary/index.ts";

/** X.520's upper bound for the attributes of SMKI names, in characters (RFC 5280 appendix A.1). */
const maximumCharacters = 64;

/**
 * The attributes of a subject by type. The order in the request is free, since the certificate has its own; several
 * attributes in one RDN, one type twice, and types that the profile does not have are refused.
 *
 * @throws SmkiError CSR_SUBJECT_INVALID
 */
export function readAttributes(subject: Name, allowed: readonly Oid[]): ReadonlyMap<Oid, NameAttribute> {
  const found = new Map<Oid, NameAttribute>();
  for (const [attribute, ...others] of subject.relativeDistinguishedNames) {
    if (attribute === undefined || others.length > 0) {
      throw new SmkiError("CSR_SUBJECT_INVALID", { reason: "several attributes in one RDN" });
    }
    const { type } = attribute;
    if (!allowed.includes(type)) throw new SmkiError("CSR_SUBJECT_INVALID", { unexpected: type });
    if (found.has(type)) throw new SmkiError("CSR_SUBJECT_INVALID", { twice: type });
    found.set(type, attribute);
  }
  return found;
}

/** The attribute's text in either string type of RFC 5280 4.1.2.4. @throws SmkiError CSR_SUBJECT_INVALID */
export function readText(attributes: ReadonlyMap<Oid, NameAttribute>, type: Oid): string {
  const attribute = attributes.get(type);
  if (attribute === undefined) throw new SmkiError("CSR_SUBJECT_INVALID", { missing: type });
  const text = attribute.tag === Tag.ia5String ? undefined : textOf(attribute);
  const sound = text !== undefined && text.length > 0 && !/\p{Cc}/u.test(text);
  if (!sound || [...text].length > maximumCharacters) {
    throw new SmkiError("CSR_SUBJECT_INVALID", { attribute: type });
  }
  return text;
}

/** The role of the OU. @throws SmkiError CSR_SUBJECT_INVALID, CSR_ROLE_INVALID */
export function readRole(attributes: ReadonlyMap<Oid, NameAttribute>): RemotePartyRole {
  const unit = readText(attributes, Oids.organisationalUnit);
  const role = roleOfOrganisationalUnit(unit);
  if (role === undefined) throw new SmkiError("CSR_ROLE_INVALID", { organisationalUnit: unit });
  return role;
}

/** The EUI-64 of the uniqueIdentifier. @throws SmkiError CSR_SUBJECT_INVALID, CSR_ENTITY_IDENTIFIER_INVALID */
export function readEntityIdentifier(attributes: ReadonlyMap<Oid, NameAttribute>): Eui64 {
  const attribute = attributes.get(Oids.uniqueIdentifier);
  if (attribute === undefined) throw new SmkiError("CSR_SUBJECT_INVALID", { missing: Oids.uniqueIdentifier });
  const { tag, contents } = attribute;
  if (tag !== Tag.bitString || contents.length !== 9 || contents[0] !== 0) {
    throw new SmkiError("CSR_ENTITY_IDENTIFIER_INVALID", { tag, octets: contents.length });
  }
  return eui64FromOctets(contents.subarray(1));
}
