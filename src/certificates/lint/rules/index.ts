import type { CertificateRule, TbsRule } from "../rule.ts";
import { authorityKeyIdentifier } from "./authority-key-identifier.ts";
import { authorityNameLength } from "./authority-name-length.ts";
import { authorityRole } from "./authority-role.ts";
import { basicConstraints } from "./basic-constraints.ts";
import { certificatePolicies } from "./certificate-policies.ts";
import { contingencyKey } from "./contingency-key.ts";
import { extensionDuplicate } from "./extension-duplicate.ts";
import { extensionOrderRule } from "./extension-order.ts";
import { extensionSet } from "./extension-set.ts";
import { issuerLink } from "./issuer-link.ts";
import { issuerName } from "./issuer-name.ts";
import { issuerStringType } from "./issuer-string-type.ts";
import { keyUsage } from "./key-usage.ts";
import { publicKeyAlgorithm } from "./public-key-algorithm.ts";
import { publicKeyPoint } from "./public-key-point.ts";
import { publicKeyRsa } from "./public-key-rsa.ts";
import { serialNumber } from "./serial-number.ts";
import { signature } from "./signature.ts";
import { signatureAlgorithm } from "./signature-algorithm.ts";
import { signatureAlgorithmMatch } from "./signature-algorithm-match.ts";
import { signatureEncoding } from "./signature-encoding.ts";
import { subjectAlternativeName } from "./subject-alternative-name.ts";
import { subjectCommonNameLength } from "./subject-common-name-length.ts";
import { subjectKeyIdentifier } from "./subject-key-identifier.ts";
import { subjectName } from "./subject-name.ts";
import { subjectRoleCode } from "./subject-role-code.ts";
import { subjectStringType } from "./subject-string-type.ts";
import { subjectUniqueIdentifier } from "./subject-unique-identifier.ts";
import { uniqueIdentifiers } from "./unique-identifiers.ts";
import { validityDevice } from "./validity-device.ts";
import { validityEncoding } from "./validity-encoding.ts";
import { validityOrder } from "./validity-order.ts";
import { validityOrganisation } from "./validity-organisation.ts";
import { version } from "./version.ts";

/** The rules about a TBSCertificate, in the order of its fields. */
export const tbsRules: readonly TbsRule[] = [
  version,
  serialNumber,
  signatureAlgorithm,
  issuerName,
  issuerStringType,
  authorityNameLength,
  authorityRole,
  validityEncoding,
  validityOrder,
  validityDevice,
  validityOrganisation,
  subjectName,
  subjectStringType,
  subjectRoleCode,
  subjectUniqueIdentifier,
  subjectCommonNameLength,
  publicKeyAlgorithm,
  publicKeyPoint,
  publicKeyRsa,
  uniqueIdentifiers,
  extensionDuplicate,
  extensionSet,
  extensionOrderRule,
  keyUsage,
  basicConstraints,
  subjectKeyIdentifier,
  subjectAlternativeName,
  certificatePolicies,
  authorityKeyIdentifier,
  contingencyKey,
  issuerLink,
];

/** The rules that need the signed certificate, asked after the others. */
export const certificateRules: readonly CertificateRule[] = [
  signatureAlgorithmMatch,
  signatureEncoding,
  signature,
];
