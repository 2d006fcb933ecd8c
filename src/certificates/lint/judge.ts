import { isSmkiError } from "../../errors/smki-error.ts";
import type { Finding } from "./rule.ts";

/** What asking a rule needs of it. */
interface Asked<Subject, Context> {
  readonly name: string;
  readonly source: string;
  readonly check: (subject: Subject, context: Context) => string | undefined;
}

/**
 * Asks each rule in turn. A part that a rule could not decode is a finding of that rule; anything but a coded error
 * is a defect of ours and goes on up.
 */
export function askAll<Subject, Context>(
  rules: readonly Asked<Subject, Context>[],
  subject: Subject,
  context: Context,
  findings: Finding[],
): void {
  for (const rule of rules) {
    const message = ask(rule, subject, context);
    if (message === undefined) continue;
    findings.push({ rule: rule.name, source: rule.source, message, severity: "error" });
  }
}

function ask<Subject, Context>(
  rule: Asked<Subject, Context>,
  subject: Subject,
  context: Context,
): string | undefined {
  try {
    return rule.check(subject, context);
  } catch (error) {
    if (!isSmkiError(error)) throw error;
    return error.message;
  }
}
