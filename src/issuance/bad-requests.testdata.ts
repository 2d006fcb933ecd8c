import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import {
  bitString,
  contextConstructed,
  element,
  encodeDeviceAltName,
  encodeKeyUsage,
  Oids,
  objectIdentifier,
  octetString,
  oid,
  sequence,
  setOf,
  smallInteger,
  utf8String,
} from "../certificates/index.ts";
import { hardwareType, makeDeviceCsr, makeKey, nextDevice } from "./issuance.testkit.ts";

const emptyName = sequence();
const keyUsage = () => extension(Oids.keyUsage, encodeKeyUsage(["digitalSignature"]));
const altName = () => extension(Oids.subjectAltName, encodeDeviceAltName(hardwareType, nextDevice()));
const extension = (id: typeof Oids.keyUsage, value: Buffer) =>
  sequence(objectIdentifier(id), octetString(value));

/** A CSR of any make, properly signed with ecdsa-with-SHA256. */
function request(parts: {
  readonly key?: { privateKey: KeyObject; publicKey: KeyObject };
  readonly subject?: Buffer;
  readonly extensions?: readonly Buffer[];
  readonly version?: number;
}): Buffer {
  const { publicKey, privateKey } = parts.key ?? generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const extensions = parts.extensions ?? [keyUsage(), altName()];
  const asked = sequence(objectIdentifier(Oids.extensionRequest), setOf(sequence(...extensions)));
  const info = sequence(
    smallInteger(parts.version ?? 0),
    parts.subject ?? emptyName,
    publicKey.export({ format: "der", type: "spki" }),
    element(contextConstructed(0), ...(extensions.length === 0 ? [] : [asked])),
  );
  const ecdsaWithSha256 = sequence(objectIdentifier(oid("1.2.840.10045.4.3.2")));
  return sequence(info, ecdsaWithSha256, bitString(sign("sha256", info, privateKey)));
}

const altered = (der: Buffer, at: number): Buffer => {
  const copy = Buffer.from(der);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
};

/** A CSR whose public key was moved off the curve. */
function offCurve(): Buffer {
  const key = makeKey();
  const der = makeDeviceCsr({ key });
  return altered(der, der.indexOf(key.publicKey) + 64);
}

const twoNames = () => {
  const one = encodeDeviceAltName(hardwareType, nextDevice());
  const other = encodeDeviceAltName(hardwareType, nextDevice());
  // The contents of both GeneralNames in one SEQUENCE.
  return extension(Oids.subjectAltName, sequence(one.subarray(2), other.subarray(2)));
};

/** Device CSRs that are wrong, each in one way, with the code of its refusal. */
export const badDeviceRequests: Readonly<Record<string, readonly [() => Buffer, string]>> = {
  "that is no DER": [() => Buffer.from("no CSR"), "CSR_MALFORMED"],
  "that is empty": [() => Buffer.alloc(0), "CSR_EMPTY"],
  "that is cut short": [() => makeDeviceCsr().subarray(0, 200), "CSR_MALFORMED"],
  "with bytes after its end": [() => Buffer.concat([makeDeviceCsr(), Buffer.of(0)]), "CSR_MALFORMED"],
  "over the size limit": [() => Buffer.alloc(4_097, 0x30), "CSR_TOO_LARGE"],
  "of another version": [() => request({ version: 1 }), "CSR_VERSION_UNSUPPORTED"],
  "with a key on another curve": [
    () => request({ key: generateKeyPairSync("ec", { namedCurve: "secp384r1" }) }),
    "CSR_CURVE_UNSUPPORTED",
  ],
  "with a point off the curve": [offCurve, "CSR_POINT_OFF_CURVE"],
  "with a signature by another key": [
    () => {
      const { publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
      const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
      return request({ key: { publicKey, privateKey } });
    },
    "CSR_SIGNATURE_INVALID",
  ],
  "without extensions": [() => request({ extensions: [] }), "CSR_KEY_USAGE_MISSING"],
  "without keyUsage": [() => request({ extensions: [altName()] }), "CSR_KEY_USAGE_MISSING"],
  "without a name": [() => request({ extensions: [keyUsage()] }), "CSR_SUBJECT_ALT_NAME_MISSING"],
  "with several names": [() => request({ extensions: [keyUsage(), twoNames()] }), "CSR_NAMES_SEVERAL"],
  "with both usages": [
    () =>
      request({
        extensions: [
          extension(Oids.keyUsage, encodeKeyUsage(["digitalSignature", "keyAgreement"])),
          altName(),
        ],
      }),
    "CSR_KEY_USAGE_INVALID",
  ],
  "with a subject": [
    () => {
      const name = sequence(objectIdentifier(oid("2.5.4.3")), utf8String("meter"));
      return request({ subject: sequence(setOf(name)) });
    },
    "CSR_SUBJECT_NOT_EMPTY",
  ],
};

/** Conforming, except for an extension that nobody asked for. */
export const requestWithUnknownExtension = (): Buffer =>
  request({ extensions: [keyUsage(), altName(), extension(oid("2.5.29.37"), sequence())] });
