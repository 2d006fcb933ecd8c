import { hash } from "node:crypto";
import {
  type Certificate,
  createPathValidator,
  describeCertificate,
  type Finding,
  type LintLimits,
  lintCertificate,
  lintCrl,
  type Oid,
  type PathCheck,
  type PathOptions,
  type PathReason,
  type PathResult,
} from "../certificates/index.ts";
import type { FiledCertificate, VerifyInputs } from "./verify-inputs.ts";
import { namesItself, subjectsOf, unusedOf } from "./verify-subjects.ts";

/** What the person asks for besides the files. */
export interface VerifyQuestion {
  readonly at: Date;
  /** Without it: required once any list was given, told where there is none. */
  readonly revocation?: "required" | "told";
  readonly shape: NonNullable<PathOptions["shape"]>;
  readonly policies: readonly Oid[];
  readonly limits: LintLimits;
}

/** A root, and how it came to end a path. */
export interface ReportedRoot {
  readonly certificate: string;
  readonly file: string;
  /** Of the whole certificate, in upper-case hexadecimal with colons, as OpenSSL prints it. */
  readonly sha256: string;
}

/** What came of one certificate. */
export interface ReportedSubject {
  readonly file: string;
  readonly certificate: string;
  readonly holds: boolean;
  readonly reason?: PathReason;
  /** From the certificate to where the path ends. */
  readonly path: readonly string[];
  readonly checks: readonly PathCheck[];
}

/** Whether a certificate or list is written as its profile has it: another question than whether a path holds. */
export interface ReportedLint {
  /** The certificate as a person would name it; of a list, the file. */
  readonly of: string;
  readonly findings: readonly Finding[];
}

/** The whole answer. */
export interface VerifyReport {
  /** `trusted`: every path holds to a root that the person named. `untrusted-root`: they hold, to roots that nobody named. */
  readonly verdict: "trusted" | "untrusted-root" | "fails";
  readonly at: string;
  /** True when the person named the roots; else they are those found among the files. */
  readonly rootsNamed: boolean;
  readonly roots: readonly ReportedRoot[];
  readonly lists: number;
  readonly revocation: "required" | "told";
  readonly certificates: readonly ReportedSubject[];
  /** What was given and stands on no path: it was not judged. */
  readonly unused: readonly { readonly file: string; readonly of: string }[];
  readonly lint: readonly ReportedLint[];
}

/** Verifies every end of a path that was given. */
export function verifyInputs(inputs: VerifyInputs, question: VerifyQuestion): VerifyReport {
  const rootsNamed = inputs.roots.length > 0;
  const roots = rootsNamed
    ? inputs.roots
    : inputs.certificates.filter((each) => namesItself(each.certificate));
  const revocation = question.revocation ?? (inputs.lists.length > 0 ? "required" : "told");
  const subjects = subjectsOf(inputs.certificates.length > 0 ? inputs.certificates : inputs.roots);
  const validate = createPathValidator({
    roots: roots.map(({ certificate }) => certificate),
    pool: inputs.certificates.map(({ certificate }) => certificate),
    lists: inputs.lists.map(({ list }) => list),
    at: question.at,
    revocation,
    shape: question.shape,
    ...(question.policies.length === 0 ? {} : { policies: question.policies }),
  });
  const results = subjects.map((subject) => ({ subject, result: validate(subject.certificate) }));
  const paths = results.map(({ result }) => result.path);
  const unused = unusedOf(inputs, paths);
  const holds = results.length > 0 && results.every(({ result }) => result.holds);
  return {
    verdict: holds ? (rootsNamed ? "trusted" : "untrusted-root") : "fails",
    at: question.at.toISOString(),
    rootsNamed,
    roots: distinctRoots(roots),
    lists: inputs.lists.length,
    revocation,
    certificates: results.map(({ subject, result }) => reported(subject, result)),
    unused: [
      ...unused.certificates.map(({ file, certificate }) => ({ file, of: describeCertificate(certificate) })),
      ...unused.lists.map(({ file }) => ({ file, of: "a list of an issuer that is on no path" })),
    ],
    lint: [
      ...lintOf(paths, question.limits),
      ...inputs.lists.map(({ file, list }) => ({ of: file, findings: lintCrl(list) })),
    ],
  };
}

function reported({ file, certificate }: FiledCertificate, result: PathResult): ReportedSubject {
  const { holds, reason, path, checks } = result;
  return {
    file,
    certificate: describeCertificate(certificate),
    holds,
    ...(reason === undefined ? {} : { reason }),
    path: path.map(describeCertificate),
    checks,
  };
}

function distinctRoots(roots: readonly FiledCertificate[]): ReportedRoot[] {
  const reportedRoots = roots.map(({ file, certificate }) => ({
    certificate: describeCertificate(certificate),
    file,
    sha256: fingerprintOf(certificate),
  }));
  return [...new Map(reportedRoots.map((root) => [root.sha256, root])).values()];
}

function fingerprintOf({ der }: Certificate): string {
  return (hash("sha256", der, "hex").match(/../g) ?? []).join(":").toUpperCase();
}

/** Each certificate of the paths once, with its issuer where the path says who that is. */
function lintOf(paths: readonly (readonly Certificate[])[], limits: LintLimits): ReportedLint[] {
  const linted = new Map<Certificate, ReportedLint>();
  for (const path of paths) {
    path.forEach((certificate, index) => {
      if (linted.has(certificate)) return;
      const issuer = path[index + 1] ?? (namesItself(certificate) ? certificate : undefined);
      const findings = lintCertificate(certificate, { limits, ...(issuer === undefined ? {} : { issuer }) });
      linted.set(certificate, { of: describeCertificate(certificate), findings });
    });
  }
  return [...linted.values()];
}
