import type { Attribute, Handle, PKCS11 } from "pkcs11js";
import { CKA, type CKO } from "./cryptoki.ts";

/** A logged-in session of one token. Its calls block this thread, so none is ever under way beside another. */
export interface Session {
  readonly cryptoki: PKCS11;
  readonly handle: Handle;
}

type ObjectClass = (typeof CKO)[keyof typeof CKO];

const BATCH = 64;

/** The objects on the token (not of the session alone) that have all these attributes. */
export function findObjects(
  session: Session,
  objectClass: ObjectClass,
  attributes: Attribute[] = [],
): Handle[] {
  const { cryptoki, handle } = session;
  cryptoki.C_FindObjectsInit(handle, [
    attribute(CKA.CLASS, objectClass),
    attribute(CKA.TOKEN, true),
    ...attributes,
  ]);
  try {
    const found: Handle[] = [];
    for (;;) {
      const some = cryptoki.C_FindObjects(handle, BATCH);
      if (some.length === 0) return found;
      found.push(...some);
    }
  } finally {
    cryptoki.C_FindObjectsFinal(handle);
  }
}

/** The value of one attribute; throws the module's own error. */
export function readAttribute(session: Session, object: Handle, type: number): Buffer {
  const [result] = session.cryptoki.C_GetAttributeValue(session.handle, object, [{ type }]);
  return result?.value ?? Buffer.alloc(0);
}

export function readText(session: Session, object: Handle, type: number): string {
  return readAttribute(session, object, type).toString("utf8");
}

export function readFlag(session: Session, object: Handle, type: number): boolean {
  return readAttribute(session, object, type)[0] === 1;
}

/** A CK_ULONG, in the byte order and width of this machine; the values read here fit in 32 bits. */
export function readNumber(session: Session, object: Handle, type: number): number {
  const octets = Buffer.from(readAttribute(session, object, type));
  if (octets.length === 0) return -1;
  return isLittleEndian
    ? octets.readUIntLE(0, Math.min(octets.length, 6))
    : octets.readUIntBE(Math.max(0, octets.length - 6), Math.min(octets.length, 6));
}

const isLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

export function attribute(type: number, value: number | boolean | string | Buffer): Attribute {
  return { type, value: typeof value === "string" ? Buffer.from(value, "utf8") : value };
}
