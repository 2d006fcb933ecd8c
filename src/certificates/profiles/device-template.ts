import { SmkiError } from "../../errors/smki-error.ts";
import { decodePublicPoint } from "../keys/index.ts";
import { parseTbsCertificate } from "../syntax/index.ts";
import { eui64FromOctets, Oids, serialNumberFromOctets, subjectKeyIdentifier } from "../vocabulary/index.ts";
import type { DeviceFields } from "./certificate-fields.ts";
import { encodeTbs } from "./encode-tbs.ts";

/** A device's TBSCertificate and where the four parts stand in it that differ within a batch. */
interface DeviceTemplate {
  readonly tbs: Buffer;
  readonly serialNumberAt: number;
  readonly publicKeyAt: number;
  readonly subjectKeyIdentifierAt: number;
  readonly deviceIdAt: number;
}

/** What a template says of every certificate that it fits. */
type SharedFields = Omit<DeviceFields, "serialNumber" | "publicKey" | "deviceId">;

/** A template with its fields, and the stretches of octets between the parts that differ. */
interface ReadTemplate extends DeviceTemplate {
  readonly fields: SharedFields;
  readonly fixed: readonly (readonly [from: number, to: number])[];
}

/** A batch alternates two key usages, a few issuers and hardware types, and seconds; a full table starts afresh. */
const templates = new Map<string, DeviceTemplate>();
const maximumTemplates = 64;

/**
 * The same octets as `encodeTbs`, by filling in a template: the parts that differ within a batch have fixed lengths,
 * so their places do not move. Several times faster, and Device Certificates are issued by the million.
 */
export function encodeDeviceTbs(fields: DeviceFields): Buffer {
  const key = templateKey(fields);
  const template = templates.get(key);
  if (template !== undefined) return fill(template, fields);
  const tbs = encodeTbs(fields);
  if (templates.size >= maximumTemplates) templates.clear();
  templates.set(key, prepare(Buffer.from(tbs)));
  return tbs;
}

/** The templates of the certificates read last, the newest first: a batch alternates two key usages. */
let readLately: readonly ReadTemplate[] = [];
const maximumReadLately = 4;

/**
 * Reads a TBSCertificate that differs from one read before only in the four parts: what remains to be said is then
 * known, and building from the fields gives the octets that were read, as `readFields` demands.
 *
 * @param tbs - the fields' public key is a view into it
 * @returns undefined when it is another, or has a serial number, key or key identifier that no Device has
 */
export function readDeviceByTemplate(tbs: Buffer): DeviceFields | undefined {
  const template = readLately.find((candidate) => fits(candidate, tbs));
  if (template === undefined) return undefined;
  const { serialNumberAt, publicKeyAt, subjectKeyIdentifierAt, deviceIdAt } = template;
  const first = tbs[serialNumberAt] ?? 0;
  const publicKey = tbs.subarray(publicKeyAt, publicKeyAt + 65);
  const identifier = tbs.toString("hex", subjectKeyIdentifierAt, subjectKeyIdentifierAt + 8);
  if (first === 0 || first > 0x7f || !isPublicPoint(publicKey)) return undefined;
  if (identifier !== subjectKeyIdentifier(publicKey)) return undefined;
  return {
    ...template.fields,
    serialNumber: serialNumberFromOctets(tbs.subarray(serialNumberAt, serialNumberAt + 16)),
    publicKey,
    deviceId: eui64FromOctets(tbs.subarray(deviceIdAt, deviceIdAt + 8)),
  };
}

/** Keeps what a Device Certificate, read the long way and found in its profile, shares with the rest of its batch. */
export function rememberDevice(
  tbs: Buffer,
  { serialNumber: _serialNumber, publicKey: _publicKey, deviceId: _deviceId, ...fields }: DeviceFields,
): void {
  const template = prepare(Buffer.from(tbs));
  const differing = [
    [template.serialNumberAt, 16],
    [template.publicKeyAt, 65],
    [template.subjectKeyIdentifierAt, 8],
    [template.deviceIdAt, 8],
  ] as const;
  const fixed: [number, number][] = [];
  let from = 0;
  for (const [at, octets] of differing.toSorted(([one], [other]) => one - other)) {
    fixed.push([from, at]);
    from = at + octets;
  }
  fixed.push([from, tbs.length]);
  // The longest first: the first difference is most likely there.
  fixed.sort(([start, end], [otherStart, otherEnd]) => otherEnd - otherStart - (end - start));
  readLately = [{ ...template, fields, fixed }, ...readLately].slice(0, maximumReadLately);
}

function fits({ tbs: known, fixed }: ReadTemplate, tbs: Buffer): boolean {
  if (tbs.length !== known.length) return false;
  for (const [from, to] of fixed) if (tbs.compare(known, from, to, from, to) !== 0) return false;
  return true;
}

function isPublicPoint(octets: Buffer): boolean {
  try {
    decodePublicPoint(octets);
    return true;
  } catch {
    return false;
  }
}

/** Everything that a template holds fixed. The issuer's names come last: only they could hold the separator. */
function templateKey(fields: DeviceFields): string {
  const { validity, issuer } = fields;
  return [
    fields.keyUsage,
    fields.policy,
    fields.hardwareType,
    fields.authorityKeyIdentifier,
    validity.notBefore.getTime(),
    validity.notAfter,
    issuer.organisationalUnit === undefined,
    issuer.commonName,
    issuer.organisationalUnit,
  ].join("\n");
}

/** Finds the places by parsing what was encoded, so that nothing here repeats the layout. */
function prepare(tbs: Buffer): DeviceTemplate {
  const parsed = parseTbsCertificate(tbs);
  const placeOf = (part: Buffer) => part.byteOffset - tbs.byteOffset;
  const lastOctetsOf = (id: string) => {
    const extension = parsed.extensions.find((candidate) => candidate.id === id);
    if (extension === undefined)
      throw new SmkiError("CERTIFICATE_NOT_IN_PROFILE", { profile: "device", part: id });
    // Both the key identifier and the Device ID are the last 8 octets of their extension.
    return placeOf(extension.value) + extension.value.length - 8;
  };
  return {
    tbs,
    serialNumberAt: placeOf(parsed.serialNumber),
    publicKeyAt: placeOf(parsed.subjectPublicKeyInfo.publicKey),
    subjectKeyIdentifierAt: lastOctetsOf(Oids.subjectKeyIdentifier),
    deviceIdAt: lastOctetsOf(Oids.subjectAltName),
  };
}

function fill(template: DeviceTemplate, fields: DeviceFields): Buffer {
  const point = decodePublicPoint(fields.publicKey);
  const tbs = Buffer.from(template.tbs);
  writeOctets(tbs, fields.serialNumber, template.serialNumberAt, 16, "serialNumber");
  const first = tbs[template.serialNumberAt] ?? 0;
  if (first === 0 || first > 0x7f)
    throw new SmkiError("CERTIFICATE_FIELD_INVALID", { field: "serialNumber" });
  tbs.set(point, template.publicKeyAt);
  tbs.write(subjectKeyIdentifier(point), template.subjectKeyIdentifierAt, 8, "hex");
  writeOctets(tbs, fields.deviceId, template.deviceIdAt, 8, "deviceId");
  return tbs;
}

function writeOctets(into: Buffer, hexadecimal: string, at: number, octets: number, field: string): void {
  if (hexadecimal.length !== 2 * octets || into.write(hexadecimal, at, octets, "hex") !== octets) {
    throw new SmkiError("CERTIFICATE_FIELD_INVALID", { field });
  }
}
