import { SmkiError } from "../../errors/smki-error.ts";
import { type Certificate, parseTbsCertificate } from "../syntax/index.ts";
import { buildTbsCertificate } from "./build.ts";
import type { CertificateFields, CertificateProfile } from "./certificate-fields.ts";
import { describeDifference } from "./describe-difference.ts";
import { readDeviceByTemplate, rememberDevice } from "./device-template.ts";
import * as read from "./field-readers.ts";
import { profileOf } from "./profile-of.ts";

/**
 * Reads a certificate as the fields of its profile. It is in the profile only if building from the fields gives the
 * very octets that were read, so what this returns says everything that the certificate says.
 *
 * @throws SmkiError CERTIFICATE_NOT_IN_PROFILE with the profile, the part that deviates and how
 */
export function readFields(certificate: Certificate): CertificateFields {
  const isOneAlgorithm = certificate.signatureAlgorithm.der.equals(certificate.tbsSignatureAlgorithm.der);
  const known = isOneAlgorithm ? readDeviceByTemplate(certificate.tbs) : undefined;
  if (known !== undefined) return known;
  const profile = profileOf(certificate);
  if (profile === undefined)
    throw new SmkiError("CERTIFICATE_NOT_IN_PROFILE", { part: "profile", how: "none fits" });
  const { fields, rebuilt } = readAndRebuild(certificate, profile);
  const difference = isOneAlgorithm
    ? rebuilt.equals(certificate.tbs)
      ? undefined
      : describeDifference(certificate, parseTbsCertificate(rebuilt))
    : { part: "signatureAlgorithm", how: "not that of the TBSCertificate" };
  if (difference !== undefined) throw new SmkiError("CERTIFICATE_NOT_IN_PROFILE", { profile, ...difference });
  if (fields.profile === "device") rememberDevice(certificate.tbs, fields);
  return fields;
}

function readAndRebuild(
  certificate: Certificate,
  profile: CertificateProfile,
): { readonly fields: CertificateFields; readonly rebuilt: Buffer } {
  try {
    const fields = fieldsOf(certificate, profile);
    return { fields, rebuilt: buildTbsCertificate(fields) };
  } catch (cause) {
    if (cause instanceof read.Deviation) {
      throw new SmkiError("CERTIFICATE_NOT_IN_PROFILE", { profile, part: cause.part, how: cause.how });
    }
    if (!(cause instanceof SmkiError)) throw cause;
    const part = cause.details["field"] ?? "encoding";
    throw new SmkiError("CERTIFICATE_NOT_IN_PROFILE", { profile, part, how: cause.code }, { cause });
  }
}

function fieldsOf(certificate: Certificate, profile: CertificateProfile): CertificateFields {
  const common = {
    serialNumber: read.serialNumber(certificate),
    policy: read.policy(certificate),
    publicKey: read.publicKey(certificate),
  };
  switch (profile) {
    case "root-oca":
      return {
        profile,
        ...common,
        ...read.root(certificate),
        wrappedContingencyKey: read.wrappedContingencyKey(certificate),
      };
    case "root-dca":
    case "iki-root":
      return { profile, ...common, ...read.root(certificate) };
    case "issuing-oca":
    case "issuing-dca":
    case "iki-issuing":
      return {
        profile,
        ...common,
        ...read.issued(certificate),
        validity: read.datedValidity(certificate),
        subject: read.authorityName(certificate.subject, "subject"),
      };
    case "organisation":
      return {
        profile,
        ...common,
        ...read.issued(certificate),
        validity: read.datedValidity(certificate),
        subject: read.organisationSubject(certificate),
        keyUsage: read.keyUsage(certificate),
      };
    case "device":
      return {
        profile,
        ...common,
        ...read.issued(certificate),
        ...read.device(certificate),
        validity: read.indefiniteValidity(certificate),
        keyUsage: read.keyUsage(certificate),
      };
    case "iki-end-entity":
      return {
        profile,
        ...common,
        ...read.issued(certificate),
        validity: read.datedValidity(certificate),
        subject: read.ikiSubject(certificate),
      };
  }
}
