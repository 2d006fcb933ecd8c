import { oid } from "../der/index.ts";

/** Object identifiers of the formats. Those of an environment's policies and hardware types are settings, not here. */
export const Oids = {
  /** RFC 5480 2.1.1 */
  ecPublicKey: oid("1.2.840.10045.2.1"),
  /** secp256r1, RFC 5480 2.1.1.1 */
  prime256v1: oid("1.2.840.10045.3.1.7"),
  /** RFC 5758 3.2 */
  ecdsaWithSha256: oid("1.2.840.10045.4.3.2"),
  /** RFC 3279 2.3.1 */
  rsaEncryption: oid("1.2.840.113549.1.1.1"),
  /** RFC 4055 5 */
  sha256WithRsaEncryption: oid("1.2.840.113549.1.1.11"),

  /** Attribute types, X.520 */
  commonName: oid("2.5.4.3"),
  organisation: oid("2.5.4.10"),
  organisationalUnit: oid("2.5.4.11"),
  uniqueIdentifier: oid("2.5.4.45"),

  /** Extensions, RFC 5280 4.2.1 and 5.2 */
  subjectKeyIdentifier: oid("2.5.29.14"),
  keyUsage: oid("2.5.29.15"),
  subjectAltName: oid("2.5.29.17"),
  basicConstraints: oid("2.5.29.19"),
  cRLNumber: oid("2.5.29.20"),
  reasonCode: oid("2.5.29.21"),
  certificatePolicies: oid("2.5.29.32"),
  authorityKeyIdentifier: oid("2.5.29.35"),
  /** id-pe-wrappedApexContinKey, RFC 5934 */
  wrappedApexContingencyKey: oid("1.3.6.1.5.5.7.1.20"),
  /** id-on-hardwareModuleName, RFC 4108 5 */
  hardwareModuleName: oid("1.3.6.1.5.5.7.8.4"),
  /** pkcs-9-at-extensionRequest, RFC 2985 5.4.2 */
  extensionRequest: oid("1.2.840.113549.1.9.14"),
} as const;
