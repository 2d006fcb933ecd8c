import type { Finding } from "./rule.ts";

/** What the lint says of one certificate of a file. */
export interface LintedFile {
  /** The file, with the certificate's place in it where it holds several: `bundle.pem #2`. */
  readonly file: string;
  readonly profile: string;
  readonly findings: readonly Finding[];
}

/**
 * Writes findings for a person, one line each under its file, with a last line that counts; or for a program as JSON.
 *
 * @returns text that ends with a line end
 */
export function formatFindings(files: readonly LintedFile[], form: "text" | "json" = "text"): string {
  if (form === "json") return `${JSON.stringify({ files }, undefined, 2)}\n`;
  const count = files.reduce((sum, { findings }) => sum + findings.length, 0);
  return [...files.flatMap(linesOf), summary(files.length, count), ""].join("\n");
}

function linesOf({ file, profile, findings }: LintedFile): string[] {
  if (findings.length === 0) return [`${file}: ${profile}, no finding`];
  return [
    `${file}: ${profile}`,
    ...findings.map(({ rule, message, source }) => `  ${rule}: ${message} [${source}]`),
  ];
}

function summary(certificates: number, findings: number): string {
  return `${counted(certificates, "certificate")}, ${counted(findings, "finding")}`;
}

function counted(count: number, noun: string): string {
  return `${String(count)} ${noun}${count === 1 ? "" : "s"}`;
}
