import {
  contextConstructed,
  contextPrimitive,
  element,
  octetString,
  readDer,
  sequence,
  Tag,
} from "../der/index.ts";
import type { KeyIdentifier } from "../vocabulary/index.ts";

/** Reads the value of a subjectKeyIdentifier extension (RFC 5280 4.2.1.2). */
export function decodeSubjectKeyIdentifier(value: Uint8Array): Buffer {
  return readDer(value, (reader) => reader.contents(Tag.octetString));
}

/** Writes the value of a subjectKeyIdentifier extension. */
export function encodeSubjectKeyIdentifier(identifier: KeyIdentifier): Buffer {
  return octetString(Buffer.from(identifier, "hex"));
}

/** AuthorityKeyIdentifier (RFC 5280 4.2.1.1); the SMKI uses only the key identifier. */
export interface AuthorityKeyIdentifier {
  readonly keyIdentifier: Buffer | undefined;
  /** True when authorityCertIssuer or authorityCertSerialNumber is there. */
  readonly hasIssuerAndSerial: boolean;
}

/** Reads the value of an authorityKeyIdentifier extension. */
export function decodeAuthorityKeyIdentifier(value: Uint8Array): AuthorityKeyIdentifier {
  return readDer(value, (reader) =>
    reader.sequence((inner) => {
      const identifier = inner.next(contextPrimitive(0)) ? inner.contents(contextPrimitive(0)) : undefined;
      const hasIssuerAndSerial = !inner.atEnd;
      if (inner.next(contextConstructed(1))) inner.element();
      if (inner.next(contextPrimitive(2))) inner.element();
      return { keyIdentifier: identifier, hasIssuerAndSerial };
    }),
  );
}

/** Writes the value of an authorityKeyIdentifier extension: `[0] keyIdentifier` only. */
export function encodeAuthorityKeyIdentifier(identifier: KeyIdentifier): Buffer {
  return sequence(element(contextPrimitive(0), Buffer.from(identifier, "hex")));
}
