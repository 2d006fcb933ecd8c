import { SmkiError } from "../../errors/smki-error.ts";
import {
  asBuffer,
  booleanTrue,
  contextConstructed,
  element,
  indefinite,
  objectIdentifier,
  octetString,
  sequence,
  smallInteger,
  Tag,
  time,
} from "../der/index.ts";
import {
  encodeAuthorityKeyIdentifier,
  encodeCaConstraints,
  encodeCertificatePolicy,
  encodeDeviceAltName,
  encodeKeyUsage,
  encodeSubjectKeyIdentifier,
  encodeWrappedApexContingencyKey,
} from "../extensions/index.ts";
import { ecdsaWithSha256, sha256WithRsaEncryption } from "../keys/index.ts";
import type { SerialNumber } from "../vocabulary/index.ts";
import type { CertificateFields } from "./certificate-fields.ts";
import { emptyName, encodeAuthorityName, encodeIkiName, encodeOrganisationName } from "./names.ts";
import { type ExtensionName, extensionRules, type ProfileRule, profileRules } from "./profile-rules.ts";
import { encodeKey, identifierOf } from "./subject-key.ts";

const version3 = element(contextConstructed(0), smallInteger(2));

/**
 * Encodes a TBSCertificate from its fields and its profile's row (RFC 5280 4.1.2).
 *
 * @throws SmkiError CERTIFICATE_FIELD_INVALID, or what its parts throw
 */
export function encodeTbs(fields: CertificateFields): Buffer {
  const rule = profileRules[fields.profile];
  return sequence(
    version3,
    element(Tag.integer, serialNumberOctets(fields.serialNumber)),
    rule.signatureAlgorithm === "ecdsa-with-SHA256" ? ecdsaWithSha256 : sha256WithRsaEncryption,
    encodeIssuer(fields, rule),
    encodeValidity(fields),
    encodeSubject(fields, rule),
    encodeKey(fields.publicKey, rule),
    element(contextConstructed(3), sequence(...rule.extensions.map((name) => encodeExtension(name, fields)))),
  );
}

/** 16 octets of which the first is 01 to 7F, so that the INTEGER has exactly 16: so is every published one. */
function serialNumberOctets(serialNumber: SerialNumber): Buffer {
  const octets = Buffer.from(serialNumber, "hex");
  const first = octets[0] ?? 0;
  if (serialNumber.length !== 32 || octets.length !== 16 || first === 0 || first > 0x7f) {
    throw new SmkiError("CERTIFICATE_FIELD_INVALID", { field: "serialNumber" });
  }
  return octets;
}

function encodeIssuer(fields: CertificateFields, rule: ProfileRule): Buffer {
  return "issuer" in fields
    ? encodeAuthorityName(fields.issuer, rule, "issuer")
    : encodeAuthorityName(fields.subject, rule, "subject");
}

function encodeSubject(fields: CertificateFields, rule: ProfileRule): Buffer {
  switch (fields.profile) {
    case "device":
      return emptyName;
    case "organisation":
      return encodeOrganisationName(fields.subject);
    case "iki-end-entity":
      return encodeIkiName(fields.subject);
    default:
      return encodeAuthorityName(fields.subject, rule, "subject");
  }
}

function encodeValidity(fields: CertificateFields): Buffer {
  const from = fields.validity.notBefore.getTime();
  const to = fields.validity.notAfter === "indefinite" ? indefinite : fields.validity.notAfter.getTime();
  // A dated profile cannot say "indefinite", nor a Device Certificate end: the octets would read as the other kind.
  if (!(from <= to) || (fields.profile === "device") !== (to === indefinite)) {
    throw new SmkiError("CERTIFICATE_FIELD_INVALID", { field: "validity" });
  }
  return sequence(time(from), time(to));
}

function encodeExtension(name: ExtensionName, fields: CertificateFields): Buffer {
  return sequence(extensionStarts[name], octetString(encodeExtensionValue(name, fields)));
}

/** What stands before the value of each extension: its identifier, and TRUE when it is critical. */
const extensionStarts = Object.fromEntries(
  Object.entries(extensionRules).map(([name, { id, critical }]) => [
    name,
    critical ? Buffer.concat([objectIdentifier(id), booleanTrue]) : objectIdentifier(id),
  ]),
) as Record<ExtensionName, Buffer>;

function encodeExtensionValue(name: ExtensionName, fields: CertificateFields): Buffer {
  switch (name) {
    case "keyUsage":
      return encodeUsage(fields);
    case "basicConstraints":
      return encodeCaConstraints(pathLengthOf(fields));
    case "certificatePolicies":
      return encodeCertificatePolicy(fields.policy);
    case "subjectKeyIdentifier":
      return encodeSubjectKeyIdentifier(identifierOf(fields.publicKey, profileRules[fields.profile]));
    case "authorityKeyIdentifier":
      return encodeAuthority(fields);
    case "subjectAltName":
      if (fields.profile !== "device") break;
      return encodeDeviceAltName(fields.hardwareType, fields.deviceId);
    case "wrappedApexContingencyKey": {
      if (fields.profile !== "root-oca") break;
      const { wrapAlgorithm, wrappedKey } = fields.wrappedContingencyKey;
      return encodeWrappedApexContingencyKey(wrapAlgorithm, asBuffer(wrappedKey));
    }
  }
  throw new SmkiError("CERTIFICATE_FIELD_INVALID", { field: name });
}

function encodeUsage(fields: CertificateFields): Buffer {
  if ("keyUsage" in fields) return encodeKeyUsage([fields.keyUsage]);
  const isAuthority = profileRules[fields.profile].position !== "end-entity";
  return encodeKeyUsage(isAuthority ? ["keyCertSign", "cRLSign"] : ["digitalSignature"]);
}

/** An issuing CA issues no CA certificates, which path length 0 says (RFC 5280 4.2.1.9). */
function pathLengthOf(fields: CertificateFields): number | undefined {
  return profileRules[fields.profile].position === "issuing"
    ? 0
    : "pathLength" in fields
      ? fields.pathLength
      : undefined;
}

/** The issuer's key is of the tree's kind, and so is the length of its identifier: 8 octets, or 20 in the IKI. */
function encodeAuthority(fields: CertificateFields): Buffer {
  const digits = profileRules[fields.profile].signatureAlgorithm === "ecdsa-with-SHA256" ? 16 : 40;
  if (!("authorityKeyIdentifier" in fields) || fields.authorityKeyIdentifier.length !== digits) {
    throw new SmkiError("CERTIFICATE_FIELD_INVALID", { field: "authorityKeyIdentifier" });
  }
  return encodeAuthorityKeyIdentifier(fields.authorityKeyIdentifier);
}
