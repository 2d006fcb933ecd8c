import type { Principal } from "../../registration/principal.ts";
import type { ParsingStep } from "../parse-batch.ts";
import type { UploadStep } from "../upload.ts";

/** What the process of batch-process.ts is told to do with a Batched CSR. */
export interface BatchTask {
  readonly connectionString: string;
  /** ISO 8601. */
  readonly now: string;
  readonly by: Principal;
  /** The CSRs of an upload, framed in a file. */
  readonly csrs?: string;
  readonly approval?: "rule" | "person";
  /** The batch that is worked on, where it is none to be uploaded. */
  readonly batch?: number;
  /** Where the process kills itself. */
  readonly killAt: BatchStep;
}

/** The steps of a batch besides those of issuing. `…ing`: before a commit. */
export type BatchStep =
  | `upload:${UploadStep}`
  | `parse:${ParsingStep}`
  | "approve:approving"
  | "approve:approved"
  | "deliver:delivering"
  | "deliver:delivered";
