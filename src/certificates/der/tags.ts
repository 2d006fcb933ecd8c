/** Identifier octets of the ASN.1 types that SMKI structures use (X.690 8.1.2; X.680 8.4). */
export const Tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  sequence: 0x30,
  set: 0x31,
  numericString: 0x12,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  universalString: 0x1c,
  bmpString: 0x1e,
} as const;

/** Identifier octet of a context-specific primitive element, `[number] IMPLICIT` of a primitive type. */
export function contextPrimitive(number: number): number {
  return 0x80 | number;
}

/** Identifier octet of a context-specific constructed element, `[number] EXPLICIT` or of a constructed type. */
export function contextConstructed(number: number): number {
  return 0xa0 | number;
}
