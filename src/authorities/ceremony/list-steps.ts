import type { Tx } from "../../database/transaction.ts";
import { type Authority, publishesCrl } from "../authority.ts";
import type { PublishedList } from "../revocation/list-store.ts";
import { publishList } from "../revocation/publish-list.ts";
import type { CeremonyRoom } from "./ceremony-room.ts";
import { fingerprint } from "./fingerprint.ts";
import type { WrittenCeremony } from "./purpose.ts";

/** The name of the step that signs a CA's list. */
export const publishListStep = (id: string): string => `publish list ${id}`;

/** What the witnesses can compare with a list. */
export function describeList({ id, profile }: Authority, { number, list }: PublishedList): string {
  const kind = publishesCrl(profile) ? "CRL" : "ARL";
  return `${id} ${kind} number ${String(number)} signed: SHA-256 ${fingerprint(list)}`;
}

/** Signs the ARL of a root anew. @returns the step, for the record */
export async function publishArl(
  tx: Tx,
  { ceremonySigner, terms, clock }: CeremonyRoom,
  root: Authority,
  because: string,
): Promise<WrittenCeremony["steps"][number]> {
  const list = await publishList(tx, ceremonySigner, root, terms.arl, clock(), because);
  return { name: publishListStep(root.id), words: describeList(root, list) };
}
