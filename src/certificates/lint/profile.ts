import type { CertificateProfile } from "../profiles/index.ts";
import type { ToBeSigned } from "../syntax/index.ts";
import { Oids } from "../vocabulary/index.ts";
import { extensionOf } from "./extensions.ts";

/** Every profile, in the order of the hierarchies. */
export const lintProfiles: readonly CertificateProfile[] = [
  "root-oca",
  "issuing-oca",
  "organisation",
  "root-dca",
  "issuing-dca",
  "device",
  "iki-root",
  "iki-issuing",
  "iki-end-entity",
];

const roots: readonly CertificateProfile[] = ["root-oca", "root-dca", "iki-root"];
const issuing: readonly CertificateProfile[] = ["issuing-oca", "issuing-dca", "iki-issuing"];

/** A rule that applies to every profile. */
export const isAny = (): boolean => true;
/** Self-signed. */
export const isRoot = (profile: CertificateProfile): boolean => roots.includes(profile);
/** A certification authority, root or issuing. */
export const isAuthority = (profile: CertificateProfile): boolean =>
  isRoot(profile) || issuing.includes(profile);
/** The RSA profiles; all others are P-256 and read by Devices, so that the GBCS binds them. */
export const isIki = (profile: CertificateProfile): boolean => profile.startsWith("iki-");
/** The P-256 profiles. */
export const isP256 = (profile: CertificateProfile): boolean => !isIki(profile);

/**
 * Says which profile a certificate is to be judged by, whatever it holds: by what cannot be confused, namely its kind of
 * key, whether it claims to be an authority's, and how it names its subject. It shares no code with the profiles that
 * certificates are built from, and neither do the rules, so that a mistake in one is found by the other.
 */
export function judgedProfile(tbs: ToBeSigned): CertificateProfile {
  const level = levelOf(tbs);
  if (tbs.subjectPublicKeyInfo.algorithm.algorithm === Oids.rsaEncryption) return `iki-${level}`;
  const names = tbs.subject.relativeDistinguishedNames;
  if (level === "end-entity") {
    const isDevice = names.length === 0 || extensionOf(tbs, Oids.subjectAltName) !== undefined;
    return isDevice ? "device" : "organisation";
  }
  // The Organisation hierarchy names its authorities with a role, the Device hierarchy with a common name alone.
  const hasRole = names.some((name) => name.some(({ type }) => type === Oids.organisationalUnit));
  return hasRole ? `${level}-oca` : `${level}-dca`;
}

function levelOf(tbs: ToBeSigned): "root" | "issuing" | "end-entity" {
  const constraints = extensionOf(tbs, Oids.basicConstraints)?.value;
  const usage = extensionOf(tbs, Oids.keyUsage)?.value;
  // cA TRUE is the first element of BasicConstraints; keyCertSign is bit 5 of the first octet of KeyUsage.
  const saysAuthority = constraints?.[2] === 0x01 || ((usage?.[3] ?? 0) & 0x04) !== 0;
  if (!saysAuthority) return "end-entity";
  return tbs.issuer.der.equals(tbs.subject.der) ? "root" : "issuing";
}
