import {
  contextConstructed,
  element,
  type Oid,
  objectIdentifier,
  octetString,
  readDer,
  readOid,
  sequence,
  Tag,
} from "../der/index.ts";
import { type Eui64, Oids } from "../vocabulary/index.ts";

/** HardwareModuleName (RFC 4108 5). In the SMKI the serial number of the module is the Device ID, an EUI-64. */
export interface HardwareModuleName {
  readonly hardwareType: Oid;
  /** Contents octets of hwSerialNum: 8 in a conforming certificate. */
  readonly hardwareSerialNumber: Buffer;
}

/** One GeneralName (RFC 5280 4.2.1.6), as far as the SMKI looks into it. */
export interface GeneralName {
  /** Identifier octet: A0 for otherName, 82 for dNSName, and so on. */
  readonly tag: number;
  /** Set when it is an otherName of type id-on-hardwareModuleName. */
  readonly hardwareModuleName: HardwareModuleName | undefined;
}

/** Reads the value of a subjectAltName extension, in the order encoded. */
export function decodeSubjectAltName(value: Uint8Array): GeneralName[] {
  return readDer(value, (reader) =>
    reader.sequenceOf((name) => {
      if (!name.next(contextConstructed(0))) return { tag: name.any().tag, hardwareModuleName: undefined };
      const hardwareModuleName = name.constructed(contextConstructed(0), (otherName) => {
        if (readOid(otherName) !== Oids.hardwareModuleName) {
          otherName.constructed(contextConstructed(0), (explicit) => explicit.element());
          return undefined;
        }
        return otherName.constructed(contextConstructed(0), (explicit) =>
          explicit.sequence((inner) => ({
            hardwareType: readOid(inner),
            hardwareSerialNumber: inner.contents(Tag.octetString),
          })),
        );
      });
      return { tag: contextConstructed(0), hardwareModuleName };
    }),
  );
}

/** Writes the value of a subjectAltName extension with one hardwareModuleName (GBCS 12). */
export function encodeDeviceAltName(hardwareType: Oid, deviceId: Eui64): Buffer {
  const hardwareModuleName = sequence(
    objectIdentifier(hardwareType),
    octetString(Buffer.from(deviceId, "hex")),
  );
  const explicit = element(contextConstructed(0), hardwareModuleName);
  return sequence(element(contextConstructed(0), objectIdentifier(Oids.hardwareModuleName), explicit));
}
