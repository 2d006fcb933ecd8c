import type { Oid } from "../der/index.ts";
import type { CertificateProfile } from "../profiles/index.ts";
import type { Extension, ToBeSigned } from "../syntax/index.ts";
import { Oids } from "../vocabulary/index.ts";

/** The extension with this identifier, or undefined. */
export function extensionOf(holder: Pick<ToBeSigned, "extensions">, id: Oid): Extension | undefined {
  for (const extension of holder.extensions) if (extension.id === id) return extension;
  return undefined;
}

const names = new Map<Oid, string>([
  [Oids.keyUsage, "keyUsage"],
  [Oids.basicConstraints, "basicConstraints"],
  [Oids.certificatePolicies, "certificatePolicies"],
  [Oids.subjectKeyIdentifier, "subjectKeyIdentifier"],
  [Oids.authorityKeyIdentifier, "authorityKeyIdentifier"],
  [Oids.subjectAltName, "subjectAltName"],
  [Oids.wrappedApexContingencyKey, "wrappedApexContinKey"],
  [Oids.cRLNumber, "cRLNumber"],
]);

/** The extension for a message: its name, or its identifier where the SMKI has none for it. */
export function extensionName(id: Oid): string {
  return names.get(id) ?? id;
}

const authority = [
  Oids.keyUsage,
  Oids.basicConstraints,
  Oids.certificatePolicies,
  Oids.subjectKeyIdentifier,
  Oids.authorityKeyIdentifier,
];
const root = authority.filter((id) => id !== Oids.authorityKeyIdentifier);
const organisation = [
  Oids.keyUsage,
  Oids.subjectKeyIdentifier,
  Oids.certificatePolicies,
  Oids.authorityKeyIdentifier,
];
const device = [
  Oids.keyUsage,
  Oids.subjectKeyIdentifier,
  Oids.subjectAltName,
  Oids.certificatePolicies,
  Oids.authorityKeyIdentifier,
];

/** The extensions of each profile in the order in which the SMKI writes them. */
export const extensionOrder: Readonly<Record<CertificateProfile, readonly Oid[]>> = {
  "root-oca": [...root, Oids.wrappedApexContingencyKey],
  "issuing-oca": authority,
  organisation,
  "root-dca": root,
  "issuing-dca": authority,
  device,
  "iki-root": root,
  "iki-issuing": authority,
  "iki-end-entity": organisation,
};
