import { type PathCheck, type PathReason, printable } from "../certificates/index.ts";
import type { Unreadable } from "./verify-inputs.ts";
import type { ReportedLint, ReportedSubject, VerifyReport } from "./verify-report.ts";

/** The report for a person: what was asked, each check in order with its source, the verdict. */
export function formatReport(report: VerifyReport, brief = false): string {
  const parts = [
    headingOf(report),
    ...report.certificates.map((subject) => (brief ? briefly(subject) : atLength(subject))),
    unusedOf(report.unused),
    lintOf(report.lint, brief),
    verdictOf(report),
  ].filter((lines) => lines.length > 0);
  return `${parts.map((lines) => lines.join("\n")).join(brief ? "\n" : "\n\n")}\n`;
}

/** The files that cannot be read, each with what to do. */
export function formatUnreadable(files: readonly Unreadable[]): string {
  const lines = files.flatMap(({ file, code, message, remedy }) => [
    `${printable(file)}: not readable: ${printable(message)}`,
    `  ${code}: ${remedy}`,
  ]);
  return [...lines, "Nothing was verified: what cannot be read may be what decides.", ""].join("\n");
}

function headingOf({ at, rootsNamed, roots, lists, revocation }: VerifyReport): string[] {
  const instant = at.replace("T", " ").replace(/\.\d+Z$/, "Z");
  const trusted = roots.map(({ certificate, sha256 }) => `  ${certificate}, SHA-256 ${sha256}`);
  return [
    `Judged for ${instant}`,
    roots.length === 0
      ? "No root: none was named with --root, and none is among the files"
      : rootsNamed
        ? "Trusted, since you named it with --root:"
        : "Root found among the files; nobody has said that it may be trusted:",
    ...trusted,
    lists === 0
      ? `No revocation list was given${revocation === "required" ? ", and they are required" : ""}`
      : `Revocation lists given: ${String(lists)}${revocation === "told" ? "; one that is missing or stale is only told of" : ""}`,
  ];
}

function briefly(subject: ReportedSubject): string[] {
  const { file, certificate, checks } = subject;
  return [
    `${printable(file)}: ${certificate}: ${subject.holds ? holdsInWords(checks) : failsInWords(subject)}`,
  ];
}

function atLength(subject: ReportedSubject): string[] {
  const { file, certificate, holds, checks } = subject;
  const [path, ...others] = checks;
  return [
    `${printable(file)}: ${certificate}`,
    ...(path === undefined ? [] : [lineOf(path)]),
    ...groupedByCertificate(others).flatMap(([name, of]) => [`  ${name}`, ...of.map(lineOf)]),
    `  It ${holds ? holdsInWords(checks) : failsInWords(subject)}`,
  ];
}

const isTold = ({ holds, reason }: PathCheck): boolean => holds && reason !== undefined;

function holdsInWords(checks: readonly PathCheck[]): string {
  const told = checks.filter(isTold).map(({ of }) => of);
  return told.length === 0
    ? "holds."
    : `holds, but whether these are revoked is not known: ${told.join(", ")}.`;
}

function failsInWords({ checks, reason }: ReportedSubject): string {
  const failing = checks.find((check) => !check.holds);
  if (failing === undefined) return "does not hold.";
  const of = failing.name === "path" ? "" : `${failing.of}: `;
  const advice = reason === undefined ? undefined : adviceOf[reason];
  return `does not hold (${String(reason)}). ${of}${failing.words}.${advice === undefined ? "" : ` ${advice}`}`;
}

/** What to do, where the person has it in hand. */
const adviceOf: Readonly<Partial<Record<PathReason, string>>> = {
  "issuer-not-found": "Give that certificate too.",
  "issuer-key-identifier": "Give the certificate with that key too.",
  "root-not-trusted": "If you trust it, name it with --root.",
  "not-self-signed": "Name the root itself with --root, and give the authorities under it as files.",
  "list-missing": "Give it with --crl, or say --revocation told.",
  "list-not-current": "Give the list that was current at that time, or say --revocation told.",
  hierarchy: "For a certificate of another infrastructure, say --shape any.",
};

/** Neighbours of one certificate together: two certificates may bear the same name. */
function groupedByCertificate(checks: readonly PathCheck[]): [string, PathCheck[]][] {
  const groups: [string, PathCheck[]][] = [];
  for (const check of checks) {
    const last = groups.at(-1);
    // Each certificate's first check is that of its version.
    if (last === undefined || check.name === "version") groups.push([check.of, [check]]);
    else last[1].push(check);
  }
  return groups;
}

function lineOf({ holds, words, source, reason }: PathCheck): string {
  const mark = holds ? (reason === undefined ? "✓" : "!") : "✗";
  return `    ${mark} ${words} [${source}]`;
}

/** As many lines as a person reads. */
const mostUnused = 10;

/** A certificate in the file is easily taken for one that was judged. */
function unusedOf(unused: VerifyReport["unused"]): string[] {
  if (unused.length === 0) return [];
  const more = unused.length - mostUnused;
  return [
    "Given too, but on no path, and so not judged:",
    ...unused.slice(0, mostUnused).map(({ file, of }) => `  ${printable(file)}: ${of}`),
    ...(more > 0 ? [`  and ${String(more)} more`] : []),
  ];
}

/** A question of its own; briefly, only what was found. */
function lintOf(lint: readonly ReportedLint[], brief: boolean): string[] {
  const told = brief ? lint.filter(({ findings }) => findings.length > 0) : lint;
  const lines = told.flatMap(({ of, findings }) => [
    `  ${printable(of)}: ${findings.length === 0 ? "yes" : "no"}`,
    ...findings.map(({ rule, message, source }) => `    ${rule}: ${printable(message)} [${source}]`),
  ]);
  return lines.length === 0
    ? []
    : [
        "Written as its profile has it? (The profile's lint: another question, which the verdict is without.)",
        ...lines,
      ];
}

function verdictOf({ verdict, certificates, rootsNamed, roots }: VerifyReport): string[] {
  const count = certificates.length;
  const which = count === 1 ? "The certificate" : `Every one of the ${String(count)} certificates`;
  switch (verdict) {
    case "trusted":
      return [`${which} holds to a root that you named.`, ...notJudged(certificates)];
    case "untrusted-root":
      return [
        `${which} holds, but only to a root that nobody has said may be trusted.`,
        "Compare its fingerprint above with one from a source that you trust, then name it: --root FILE.",
        ...notJudged(certificates),
      ];
    case "fails": {
      const failing = certificates.filter(({ holds }) => !holds).length;
      const all =
        count === 1 ? "The certificate does not hold" : `${String(failing)} of ${String(count)} do not hold`;
      return [
        rootsNamed || roots.length > 0 ? `${all}.` : `${all}: name the root that you trust with --root FILE.`,
      ];
    }
  }
}

function notJudged(certificates: readonly ReportedSubject[]): string[] {
  return certificates.some(({ checks }) => checks.some(isTold))
    ? [
        "Revocation was not judged for want of lists of that time: give them with --crl FILE, or demand them with --revocation required.",
      ]
    : [];
}
