import { decodeBasicConstraints, decodeKeyUsage } from "../extensions/index.ts";
import { attributesOf, type Certificate } from "../syntax/index.ts";
import { Oids } from "../vocabulary/index.ts";
import type { CertificateProfile } from "./certificate-fields.ts";

/**
 * Says which profile a certificate claims to be of, even when it deviates: by its key, its names, its alternative
 * name and whether it is a CA. Lint then says how it deviates.
 *
 * @returns undefined when it resembles none
 */
export function profileOf(certificate: Certificate): CertificateProfile | undefined {
  const algorithm = certificate.subjectPublicKeyInfo.algorithm.algorithm;
  const isRoot = certificate.issuer.der.equals(certificate.subject.der);
  if (algorithm === Oids.rsaEncryption) {
    if (!claimsToBeAuthority(certificate)) return "iki-end-entity";
    return isRoot ? "iki-root" : "iki-issuing";
  }
  if (algorithm !== Oids.ecPublicKey) return undefined;
  const hasUnit = attributesOf(certificate.subject, Oids.organisationalUnit).length > 0;
  if (claimsToBeAuthority(certificate)) {
    // The OCA's names carry a role, the DCA's only a common name.
    if (hasUnit) return isRoot ? "root-oca" : "issuing-oca";
    return isRoot ? "root-dca" : "issuing-dca";
  }
  if (extensionValue(certificate, Oids.subjectAltName) !== undefined) return "device";
  if (certificate.subject.relativeDistinguishedNames.length === 0) return "device";
  return hasUnit || attributesOf(certificate.subject, Oids.uniqueIdentifier).length > 0
    ? "organisation"
    : undefined;
}

/** The value of an extension; undefined when the certificate does not have it. */
export function extensionValue(certificate: Certificate, id: string): Buffer | undefined {
  return certificate.extensions.find((extension) => extension.id === id)?.value;
}

function claimsToBeAuthority(certificate: Certificate): boolean {
  const constraints = extensionValue(certificate, Oids.basicConstraints);
  const usage = extensionValue(certificate, Oids.keyUsage);
  return (
    (constraints !== undefined && ignoringMalformed(() => decodeBasicConstraints(constraints).ca)) ||
    (usage !== undefined && ignoringMalformed(() => decodeKeyUsage(usage).includes("keyCertSign")))
  );
}

/** A malformed extension claims nothing; whoever reads it for its content says that it is malformed. */
function ignoringMalformed(claim: () => boolean): boolean {
  try {
    return claim();
  } catch {
    return false;
  }
}
