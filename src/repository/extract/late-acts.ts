import type { Tx } from "../../database/transaction.ts";
import type { Act } from "../../ledger/act.ts";
import { actsFrom } from "../../ledger/all-acts.ts";
import { readIssuedCertificate } from "../../ledger/certificate-act.ts";

/** What stands in the database and not under a checkpoint: as a rule, what was done in its last second. */
export interface LateActs {
  readonly issued: readonly string[];
  readonly revoked: readonly string[];
  readonly notInUse: readonly string[];
  /** Numbers of lists, by CA. */
  readonly lists: ReadonlyMap<string, readonly number[]>;
}

/**
 * What was done after a checkpoint: in leaves that it does not cover, and in acts that have none yet.
 *
 * @param tx - of the snapshot that the rows are read in
 * @param size - leaves under the checkpoint
 */
export async function lateActs(tx: Tx, size: number): Promise<LateActs> {
  const issued: string[] = [];
  const revoked: string[] = [];
  const notInUse: string[] = [];
  const lists = new Map<string, number[]>();
  for await (const { act } of actsFrom(tx, size)) {
    const certificate = readIssuedCertificate(act);
    if (certificate !== undefined) issued.push(certificate.serialNumber);
    const revocation = readRevocation(act);
    if (revocation !== undefined) revoked.push(revocation.serialNumber);
    const mark = readNotInUse(act);
    if (mark !== undefined) notInUse.push(mark.serialNumber);
    const list = readList(act);
    if (list !== undefined) lists.set(list.authority, [...(lists.get(list.authority) ?? []), list.number]);
  }
  return { issued, revoked, notInUse, lists };
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** A revocation that an act tells of. */
export interface RecordedRevocation {
  readonly serialNumber: string;
  /** The CA whose list it stands on. */
  readonly authority: string;
  readonly at: Date;
  readonly reason: string;
}

/** Reads an act of revoking a certificate, or a CA's in a ceremony; undefined for another act. */
export function readRevocation({ kind, at, subject }: Act): RecordedRevocation | undefined {
  if (kind !== "certificate.revoked" && kind !== "authority.revoked") return undefined;
  const authority = text(subject[kind === "authority.revoked" ? "root" : "authority"]);
  return { serialNumber: text(subject["serialNumber"]), authority, at, reason: text(subject["reason"]) };
}

/** Reads an act of marking a certificate as not in use; undefined for another act. */
export function readNotInUse({ kind, at, subject }: Act): { serialNumber: string; since: Date } | undefined {
  if (kind !== "certificate.not-in-use") return undefined;
  return { serialNumber: text(subject["serialNumber"]), since: at };
}

/** A list that an act tells of. */
export interface RecordedList {
  readonly authority: string;
  readonly number: number;
  /** SHA-256 of its DER, in hexadecimal. */
  readonly digest: string;
}

/** Reads an act of publishing a CRL or ARL; undefined for another act. */
export function readList({ kind, subject }: Act): RecordedList | undefined {
  if (kind !== "list.published") return undefined;
  const { authority, number, list } = subject;
  return { authority: text(authority), number: Number(number), digest: text(list) };
}
