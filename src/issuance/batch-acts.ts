import type { Act } from "../ledger/act.ts";
import type { UploadChannel } from "./channel.ts";

/** What the ledger says of an upload: what is worked on later must be this, and for nobody else. */
export interface ReceivedUpload {
  readonly batch: number;
  readonly channel: UploadChannel;
  readonly kind: "device";
  readonly party: number;
  readonly count: number;
  /** SHA-256 over the client's IDs and the CSRs, in hexadecimal. */
  readonly requests: string;
}

/** The act that an upload was received whole. */
export const receivedAct = (by: string, upload: ReceivedUpload, at: Date): Act => ({
  kind: "requests.received",
  at,
  by,
  subject: { ...upload },
});

/** Whether an act says exactly this of an upload. */
export function saysOf(act: Act, by: string, upload: ReceivedUpload): boolean {
  const names = Object.keys(upload) as (keyof ReceivedUpload)[];
  return (
    act.by === by &&
    Object.keys(act.subject).length === names.length &&
    names.every((name) => act.subject[name] === upload[name])
  );
}

/** The act of approving a batch: by a person, or by the rule of that name. */
export const approvedAct = (by: string, batch: number, at: Date): Act => ({
  kind: "requests.approved",
  at,
  by,
  subject: by === "system" ? { batch, rule: "batchApproval" } : { batch },
});

/** The act of refusing a batch, of releasing it to the workers, or of finding that it was altered. */
export const batchAct = (
  kind: "requests.rejected" | "requests.released" | "requests.tampered",
  by: string,
  batch: number,
  at: Date,
): Act => ({ kind, at, by, subject: { batch } });
