import type { SignerSettings } from "../../keys/settings.ts";
import type { ListStep } from "../revocation/publish-list.ts";

/** What the process of list-process.ts is told to do. */
export interface ListTask {
  readonly connectionString: string;
  readonly store: SignerSettings;
  /** The CA whose list is made if it is due, for example `issuing-oca`. */
  readonly authority: string;
  /** ISO 8601. */
  readonly now: string;
  /** The step after which the process kills itself; without it the list is made and the process ends. */
  readonly killAfter?: ListStep;
}
