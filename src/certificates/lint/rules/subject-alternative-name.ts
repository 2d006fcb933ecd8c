import { decodeOid } from "../../der/index.ts";
import { Oids } from "../../vocabulary/index.ts";
import { extensionOf } from "../extensions.ts";
import { isAny } from "../profile.ts";
import type { TbsRule } from "../rule.ts";

/** id-on-hardwareModuleName with its identifier and length octets, and the identifier octet of the value. */
const hardwareModuleName = Buffer.from("06082b06010505070804a0", "hex");

/** A Device has exactly one name, critical since the subject is empty; no other profile has one. */
export const subjectAlternativeName: TbsRule = {
  name: "subject-alternative-name",
  source: "RFC 5280 4.2.1.6; RFC 4108 5; GBCS 12",
  appliesTo: isAny,
  check: (tbs, { profile }) => {
    const extension = extensionOf(tbs, Oids.subjectAltName);
    if (profile !== "device") return extension === undefined ? undefined : "There is a subjectAltName";
    if (extension === undefined) return "There is no subjectAltName";
    if (!extension.critical) return "The subjectAltName is not critical";
    return isDeviceName(extension.value)
      ? undefined
      : "The subjectAltName is not one hardwareModuleName with a hardware type and an EUI-64 of 8 octets";
  },
};

/**
 * SEQUENCE { [0] { id-on-hardwareModuleName, [0] { SEQUENCE { hwType, hwSerialNum (8) } } } }: each length says that
 * nothing follows, so that one name and one form of it remain.
 *
 * @throws SmkiError DER_OID_INVALID when the hardware type is malformed
 */
function isDeviceName(value: Buffer): boolean {
  const total = value.length;
  const oidLength = total - 30;
  const isOneName =
    oidLength > 0 &&
    total < 0x80 &&
    value[0] === 0x30 &&
    value[1] === total - 2 &&
    value[2] === 0xa0 &&
    value[3] === total - 4 &&
    value.compare(hardwareModuleName, 0, hardwareModuleName.length, 4, 15) === 0 &&
    value[15] === total - 16 &&
    value[16] === 0x30 &&
    value[17] === total - 18 &&
    value[18] === 0x06 &&
    value[19] === oidLength &&
    value[total - 10] === 0x04 &&
    value[total - 9] === 0x08;
  if (isOneName) decodeOid(value.subarray(20, 20 + oidLength));
  return isOneName;
}
