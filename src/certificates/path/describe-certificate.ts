import { isSmkiError } from "../../errors/smki-error.ts";
import { type Oid, Tag } from "../der/index.ts";
import { decodeKeyUsage, decodeSubjectAltName } from "../extensions/index.ts";
import { printable } from "../printable.ts";
import { type CertificateProfile, extensionValue, profileOf } from "../profiles/index.ts";
import { attributesOf, type Certificate, type Name, textOf } from "../syntax/index.ts";
import { eui64FromOctets, formatEui64, Oids, remotePartyRoles } from "../vocabulary/index.ts";

const titles: Readonly<Record<CertificateProfile, string>> = {
  "root-oca": "Root OCA",
  "issuing-oca": "Issuing OCA",
  organisation: "Organisation Certificate",
  "root-dca": "Root DCA",
  "issuing-dca": "Issuing DCA",
  device: "Device Certificate",
  "iki-root": "IKI Root CA",
  "iki-issuing": "IKI Issuing CA",
  "iki-end-entity": "IKI Certificate",
};

/**
 * Names a certificate as a person would: `Issuing OCA Z1`, `Device Certificate 00-DB-12-34-56-78-90-A4`. It is what the
 * certificate claims, in characters that are safe to print; nothing has been verified.
 */
export function describeCertificate(certificate: Certificate): string {
  const profile = profileOf(certificate);
  const device = profile === "device" ? deviceId(certificate) : undefined;
  // Without a Device ID it only resembles a Device's.
  const title =
    profile === undefined || (profile === "device" && device === undefined) ? "Certificate" : titles[profile];
  const subject = device ?? describeSubject(certificate.subject);
  const name = subject ?? `with serial number ${certificate.serialNumber.toString("hex")}`;
  const distinctions = [
    profile === "organisation" ? roleOf(certificate.subject) : undefined,
    profile === "organisation" || device !== undefined ? usageOf(certificate) : undefined,
  ].filter((each) => each !== undefined);
  return `${title} ${name}${distinctions.length === 0 ? "" : ` (${distinctions.join(", ")})`}`;
}

/** One Party or Device has a certificate for each usage, and a Party one for each role. */
function usageOf(certificate: Certificate): string | undefined {
  const value = extensionValue(certificate, Oids.keyUsage);
  const usage = value === undefined ? undefined : orUndefined(() => decodeKeyUsage(value).join(" + "));
  return usage === "" ? undefined : usage;
}

function roleOf(subject: Name): string | undefined {
  const [attribute] = attributesOf(subject, Oids.organisationalUnit);
  const unit = attribute === undefined ? undefined : textOf(attribute);
  if (unit === undefined) return undefined;
  return remotePartyRoles.find(({ organisationalUnit }) => organisationalUnit === unit)?.name;
}

/** A name as `OU=07, CN=Z1` would be said: the values that tell one subject from another, without their types. */
export function describeSubject(name: Name): string | undefined {
  const first = (type: Oid) => {
    const [attribute] = attributesOf(name, type);
    if (attribute === undefined) return undefined;
    if (attribute.tag === Tag.bitString) return entityIdentifier(attribute.contents.subarray(1));
    return shortly(textOf(attribute) ?? attribute.contents.toString("hex"));
  };
  const parts = [first(Oids.commonName), first(Oids.uniqueIdentifier), first(Oids.organisation)];
  const said = parts.filter((part) => part !== undefined);
  if (said.length > 0) return said.join(", ");
  const any = name.relativeDistinguishedNames[0]?.[0];
  return any === undefined ? undefined : shortly(textOf(any) ?? any.contents.toString("hex"));
}

function entityIdentifier(octets: Buffer): string {
  return octets.length === 8 ? formatEui64(eui64FromOctets(octets)) : octets.toString("hex");
}

function deviceId(certificate: Certificate): string | undefined {
  const value = extensionValue(certificate, Oids.subjectAltName);
  if (value === undefined) return undefined;
  const serial = orUndefined(() => decodeSubjectAltName(value)[0]?.hardwareModuleName?.hardwareSerialNumber);
  return serial === undefined ? undefined : entityIdentifier(serial);
}

/** A name may hold anything, and be long. */
function shortly(text: string): string {
  const safe = printable(text);
  return safe.length > 64 ? `${safe.slice(0, 64)}…` : safe;
}

/** What a malformed extension would say is left out; the check of extensions tells that it is malformed. */
function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!isSmkiError(error)) throw error;
    return undefined;
  }
}
