import { SmkiError } from "../../errors/smki-error.ts";
import { type DerReader, type Oid, readOid, stringTags, Tag } from "../der/index.ts";

/** One attribute of a name: its type, and its value as encoded. */
export interface NameAttribute {
  readonly type: Oid;
  /** Identifier octet of the value: which string type it is, or BIT STRING for a uniqueIdentifier. */
  readonly tag: number;
  /** Contents octets of the value, which hold only what that type may hold. */
  readonly contents: Buffer;
}

/** A set of attributes; every SMKI name has exactly one in each. */
export type RelativeDistinguishedName = readonly NameAttribute[];

/** Name (RFC 5280 4.1.2.4): in the order encoded, string types kept, because a deviation in either is a finding. */
export interface Name {
  /** The whole element, for comparing and chaining octet by octet. */
  readonly der: Buffer;
  readonly relativeDistinguishedNames: readonly RelativeDistinguishedName[];
}

/** Reads a Name. @throws SmkiError with a `DER_` code */
export function readName(reader: DerReader): Name {
  const from = reader.offset;
  const relativeDistinguishedNames = reader.sequenceOf(readRelativeDistinguishedName);
  return { der: reader.since(from), relativeDistinguishedNames };
}

function readRelativeDistinguishedName(reader: DerReader): NameAttribute[] {
  return reader.setOf(readAttribute);
}

function readAttribute(reader: DerReader): NameAttribute {
  return reader.sequence((attribute) => {
    const type = readOid(attribute);
    const offset = attribute.offset;
    const { tag, contents } = attribute.any();
    if (tag !== Tag.bitString && !stringTags.has(tag))
      throw new SmkiError("DER_STRING_INVALID", { offset, tag });
    return { type, tag, contents };
  });
}

/** The text of a PrintableString, UTF8String or IA5String attribute; undefined for any other type. */
export function textOf(attribute: NameAttribute): string | undefined {
  switch (attribute.tag) {
    case Tag.printableString:
    case Tag.ia5String:
      return attribute.contents.toString("latin1");
    case Tag.utf8String:
      return attribute.contents.toString("utf8");
    default:
      return undefined;
  }
}

/** Every attribute of this type in the name, in order. */
export function attributesOf(name: Name, type: Oid): NameAttribute[] {
  return name.relativeDistinguishedNames.flat().filter((attribute) => attribute.type === type);
}
