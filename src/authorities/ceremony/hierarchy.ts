import { hash } from "node:crypto";
import type { AuthorityName, LintLimits, Oid } from "../../certificates/index.ts";
import type { KeyWrapAlgorithm } from "../../keys/contingency-wrap.ts";
import type { KeyAlgorithm } from "../../keys/signer.ts";
import type { AuthorityProfile, CrlProfile } from "../authority.ts";
import type { ListSchedule } from "../revocation/list-due.ts";

/** What the settings and the rulebook say of the key hierarchies. */
export interface HierarchyTerms {
  readonly environment: "test" | "live";
  readonly names: Readonly<Record<Exclude<AuthorityProfile, "issuing-dca">, AuthorityName>>;
  /** The name of the Issuing DCA of that number: globally unique, at most 4 octets. */
  readonly issuingDcaName: (number: number) => AuthorityName;
  readonly policies: Readonly<Record<AuthorityProfile, Oid>>;
  readonly years: Readonly<Record<AuthorityProfile, number>>;
  readonly wrapAlgorithm: KeyWrapAlgorithm;
  /** Issuing DCAs to be in stock after a ceremony. */
  readonly stockSize: number;
  readonly arl: ListSchedule;
  readonly crlOf: (profile: CrlProfile) => ListSchedule;
  readonly lintLimits: LintLimits;
}

/** The CAs of the two device trees and of the infrastructure, roots first; the Issuing DCAs come apart. */
export const hierarchy = [
  { profile: "root-oca", issuer: "root-oca" },
  { profile: "issuing-oca", issuer: "root-oca" },
  { profile: "root-dca", issuer: "root-dca" },
  { profile: "iki-root", issuer: "iki-root" },
  { profile: "iki-issuing", issuer: "iki-root" },
] as const;

/** Root keys live in the ceremony store, which nothing but a ceremony opens. */
export function keyStoreOf(profile: AuthorityProfile): "ceremony" | "operational" {
  return profile === "root-oca" || profile === "root-dca" || profile === "iki-root"
    ? "ceremony"
    : "operational";
}

/** The IKI is RSA (SEC Appendix M, appendix G); everything that a device meets is P-256 (GBCS 12). */
export function keyAlgorithmOf(profile: AuthorityProfile): KeyAlgorithm {
  return profile === "iki-root" || profile === "iki-issuing" ? "rsa-2048-sha256" : "ecdsa-p256-sha256";
}

/** Labels of the keys that are not a CA's. */
export const contingencyKeyLabel = "contingency";
export const contingencySymmetricKeyLabel = "contingency-symmetric-key";
export const ledgerKeyLabel = "ledger";
export const recordKeyLabel = "ceremony-record";

/** The identifier, and key label, of the Issuing DCA of that number. */
export function issuingDcaId(number: number): string {
  return numberedId("issuing-dca", number);
}

/** The identifier, and key label, of a CA of which there are several. */
export function numberedId(profile: AuthorityProfile, number: number): string {
  return `${profile}/${String(number).padStart(4, "0")}`;
}

/** The number in an Issuing DCA's identifier. */
export function issuingDcaNumber(id: string): number {
  return Number(id.slice(id.indexOf("/") + 1));
}

/** The profile that a CA's identifier begins with. */
export function profileOfId(id: string): string {
  return id.split("/")[0] ?? id;
}

/** SHA-256 over everything in the terms that decides what a ceremony makes. */
export function termsDigest(terms: HierarchyTerms): string {
  const { environment, names, policies, years, wrapAlgorithm, stockSize } = terms;
  const settled = {
    environment,
    names,
    issuingDcaName: terms.issuingDcaName(1),
    policies,
    years,
    wrapAlgorithm,
    stockSize,
  };
  return hash("sha256", JSON.stringify(settled), "hex");
}
