import { type Oid, Tag } from "../der/index.ts";
import { type Name, textOf } from "../syntax/index.ts";
import { Oids } from "../vocabulary/index.ts";

const shortNames = new Map<Oid, string>([
  [Oids.commonName, "CN"],
  [Oids.organisation, "O"],
  [Oids.organisationalUnit, "OU"],
  [Oids.uniqueIdentifier, "uniqueIdentifier"],
]);

/** The attribute for a message: its short name, or its identifier where it has none. */
export function attributeName(type: Oid): string {
  return shortNames.get(type) ?? type;
}

/** True when the name has exactly these attributes in this order, one in each RDN. */
export function hasShape(name: Name, types: readonly Oid[]): boolean {
  const names = name.relativeDistinguishedNames;
  if (names.length !== types.length) return false;
  for (let i = 0; i < types.length; i++) {
    const attributes = names[i];
    if (attributes?.length !== 1 || attributes[0]?.type !== types[i]) return false;
  }
  return true;
}

/** Contents octets of the first attribute of this type. */
export function contentsOf(name: Name, type: Oid): Buffer | undefined {
  for (const attributes of name.relativeDistinguishedNames) {
    for (const attribute of attributes) if (attribute.type === type) return attribute.contents;
  }
  return undefined;
}

/** The name for a message, such as `OU=07, CN=Z1`; attributes of one RDN are joined by `+`. */
export function describeName(name: Name): string {
  if (name.relativeDistinguishedNames.length === 0) return "empty";
  return name.relativeDistinguishedNames
    .map((attributes) =>
      attributes
        .map((attribute) => {
          const value = textOf(attribute) ?? `#${attribute.contents.toString("hex")}`;
          return `${attributeName(attribute.type)}=${value}`;
        })
        .join(" + "),
    )
    .join(", ");
}

const stringTypes = new Map<number, string>([
  [Tag.printableString, "PrintableString"],
  [Tag.utf8String, "UTF8String"],
  [Tag.ia5String, "IA5String"],
  [Tag.teletexString, "TeletexString"],
  [Tag.bmpString, "BMPString"],
  [Tag.universalString, "UniversalString"],
  [Tag.bitString, "BIT STRING"],
]);

/** The type's name for a message. */
export function stringTypeOf(tag: number): string {
  return stringTypes.get(tag) ?? `value with tag ${tag.toString(16).padStart(2, "0")}`;
}
