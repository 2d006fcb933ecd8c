import type { Oid } from "../der/index.ts";
import type { CertificateProfile } from "../profiles/index.ts";
import type { Certificate, ToBeSigned } from "../syntax/index.ts";
import type { LintIssuer } from "./issuer.ts";

/** What a rule found. Every finding stops an issue: there are no warnings. */
export interface Finding {
  /** Name of the rule, such as `subject-key-identifier`; also the name of its file. */
  readonly rule: string;
  /** The clause that the rule rests on, such as `RFC 5280 4.2.1.2`. */
  readonly source: string;
  /** What is wrong with this certificate, in one sentence without a final stop. */
  readonly message: string;
  readonly severity: "error";
}

/** The figures of the Code that rules compare with; the rulebook holds them, with their clauses. */
export interface LintLimits {
  /** Most octets of a serial number's contents (16). */
  readonly serialNumberOctets: number;
  /** For certificates that we issue: exactly that many octets, and the range of the first one. */
  readonly serialNumberFirstOctet?: { readonly lowest: number; readonly highest: number };
  /** Bits of an IKI key's modulus (2048). */
  readonly rsaModulusBits: number;
  /** Most octets of the common name of an authority whose certificate goes to Devices (4). */
  readonly authorityNameOctets: number;
  /** Most octets of an Organisation's common name (16). */
  readonly organisationNameOctets: number;
  /** Longest life of an Organisation Certificate, in calendar years (10). */
  readonly organisationYears: number;
}

/** What a rule may look at besides the certificate itself. */
export interface LintContext {
  readonly profile: CertificateProfile;
  readonly limits: LintLimits;
  /** The policy of the environment that the certificate is to belong to; any single one passes without it. */
  readonly policy: Oid | undefined;
  readonly issuer: LintIssuer | undefined;
}

/** One rule about `Subject`: a pure judgement of one thing, in a file of its own name. */
export interface LintRule<Subject> {
  readonly name: string;
  readonly source: string;
  readonly appliesTo: (profile: CertificateProfile) => boolean;
  /**
   * @returns what is wrong, or undefined
   * @throws SmkiError when a part cannot be decoded; the lint tells its message as the finding of this rule
   */
  readonly check: (subject: Subject, context: LintContext) => string | undefined;
}

/** A rule about what is to be signed; it can be asked before there is a signature. */
export type TbsRule = LintRule<ToBeSigned>;

/** A rule about the whole signed certificate. */
export type CertificateRule = LintRule<Certificate>;
