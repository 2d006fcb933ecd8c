import type { IssuingStep } from "../../authorities/issuing/issue.ts";
import type { SignerSettings } from "../../keys/settings.ts";

/** What the process of issue-process.ts is told to do. */
export interface IssueTask {
  readonly connectionString: string;
  readonly store: SignerSettings;
  /** Worked on together; one alone. */
  readonly chunks: readonly number[];
  /** ISO 8601. */
  readonly now: string;
  /** The step after which the process kills itself. */
  readonly killAfter: IssuingStep;
}
