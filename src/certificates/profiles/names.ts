import { SmkiError } from "../../errors/smki-error.ts";
import {
  bitString,
  isPrintable,
  type Oid,
  objectIdentifier,
  printableString,
  sequence,
  setOf,
  utf8String,
} from "../der/index.ts";
import { type Eui64, Oids, organisationalUnitOf, roleOfOrganisationalUnit } from "../vocabulary/index.ts";
import type { AuthorityName, IkiEndEntityFields, OrganisationFields } from "./certificate-fields.ts";
import type { ProfileRule } from "./profile-rules.ts";

/** The subject of a Device Certificate: none (GBCS 12). */
export const emptyName: Buffer = sequence();

/** Name of a CA: OU where the tree has one, then CN, both PrintableString, one attribute in each RDN. */
export function encodeAuthorityName(name: AuthorityName, rule: ProfileRule, field: string): Buffer {
  const { commonName, organisationalUnit } = name;
  checkText(commonName, `${field}.commonName`);
  const unitFits =
    organisationalUnit === undefined
      ? rule.authorityUnit !== "role"
      : rule.authorityUnit === "optional" ||
        (rule.authorityUnit === "role" && roleOfOrganisationalUnit(organisationalUnit) !== undefined);
  if (!unitFits) throw new SmkiError("CERTIFICATE_FIELD_INVALID", { field: `${field}.organisationalUnit` });
  const unit =
    organisationalUnit === undefined ? [] : [printable(Oids.organisationalUnit, organisationalUnit, field)];
  return sequence(...unit, printable(Oids.commonName, commonName, field));
}

/** Subject of an Organisation Certificate: CN if there is one, OU, uniqueIdentifier (GBCS 12). */
export function encodeOrganisationName(subject: OrganisationFields["subject"]): Buffer {
  const { commonName, role, entityIdentifier } = subject;
  const common = commonName === undefined ? [] : [utf8(Oids.commonName, commonName, "subject.commonName")];
  return sequence(...common, unitOf(role), attribute(Oids.uniqueIdentifier, identifier(entityIdentifier)));
}

/** Subject of an IKI Certificate: O, OU, CN in the order in which SEC Appendix M names them. */
export function encodeIkiName(subject: IkiEndEntityFields["subject"]): Buffer {
  return sequence(
    utf8(Oids.organisation, subject.organisation, "subject.organisation"),
    unitOf(subject.role),
    utf8(Oids.commonName, subject.commonName, "subject.commonName"),
  );
}

function unitOf(role: OrganisationFields["subject"]["role"]): Buffer {
  return attribute(Oids.organisationalUnit, utf8String(organisationalUnitOf(role)));
}

/** X520UniqueIdentifier: the EUI-64 as a BIT STRING without unused bits. */
function identifier(entityIdentifier: Eui64): Buffer {
  return bitString(Buffer.from(entityIdentifier, "hex"));
}

function utf8(type: Oid, text: string, field: string): Buffer {
  checkText(text, field);
  return attribute(type, utf8String(text));
}

function printable(type: Oid, text: string, field: string): Buffer {
  checkText(text, field);
  if (!isPrintable(text)) throw new SmkiError("CERTIFICATE_FIELD_INVALID", { field });
  return attribute(type, printableString(text));
}

function attribute(type: Oid, value: Buffer): Buffer {
  return setOf(sequence(objectIdentifier(type), value));
}

/** X.520 upper bounds of common name, organisation and unit (RFC 5280 appendix A.1): 64 characters. */
const maximumCharacters = 64;

/** Text that reads back as it was written: not empty, within the bound, no lone surrogate, no control character. */
function checkText(text: string, field: string): void {
  const sound = text.isWellFormed() && !/\p{Cc}/u.test(text);
  const characters = Array.from(text).length;
  if (!sound || characters === 0 || characters > maximumCharacters) {
    throw new SmkiError("CERTIFICATE_FIELD_INVALID", { field });
  }
}
