import { hash } from "node:crypto";
import type { CertificateKind } from "../src/authorities/authority.ts";
import type { SerialNumber } from "../src/certificates/index.ts";
import type { Outcome } from "../src/issuance/outcome.ts";

/** A batch that the service acknowledged. */
export interface AcknowledgedBatch {
  readonly id: number;
  readonly kind: CertificateKind;
  readonly csrs: readonly Buffer[];
}

/** A CRL as a relying party fetched it. */
export interface SeenList {
  readonly authorityId: string;
  readonly number: number;
  readonly serialNumbers: ReadonlySet<string>;
  readonly sha256: string;
}

/**
 * What those outside have been told, kept where no kill reaches it. All of it must hold for ever: it is what
 * "acknowledged" means.
 */
export class Outside {
  /** Batches whose receipt was acknowledged. */
  readonly batches: AcknowledgedBatch[] = [];
  /** CSRs that were sent and not acknowledged: the answer was lost, or never came. */
  readonly unsure: { kind: CertificateKind; csrs: readonly Buffer[] }[] = [];
  /** Batches whose last outcome was fetched. */
  readonly answered = new Set<number>();
  /** Certificates that somebody was told of: batch and place to serial number. */
  readonly issued = new Map<string, SerialNumber>();
  /** Revocations that were acknowledged. */
  readonly revoked = new Set<SerialNumber>();
  /** Signed checkpoints that were served, in the order in which they were seen. */
  readonly checkpoints: string[] = [];
  readonly lists = new Map<string, SeenList>();
  /**
   * Device CSRs with keys of their own that may still be sent: all that were sent fit under the Issuing DCAs, whatever
   * became of them. Without room they would wait, as they should, and no kill would come to its end.
   */
  deviceRoom: number;

  constructor(deviceRoom: number) {
    this.deviceRoom = deviceRoom;
  }

  /** @throws when another certificate was told of before */
  sawOutcome(batchId: number, place: number, outcome: Outcome | null): void {
    if (outcome?.status !== "issued") return;
    const key = `${String(batchId)}/${String(place)}`;
    const known = this.issued.get(key);
    if (known !== undefined && known !== outcome.serialNumber)
      throw new Error(`place ${key} was told ${known} and then ${outcome.serialNumber}`);
    this.issued.set(key, outcome.serialNumber);
  }

  sawCheckpoint(note: string): void {
    if (note !== "" && this.checkpoints.at(-1) !== note) this.checkpoints.push(note);
  }

  /** @throws when the list goes back, changes under its number, or lacks what an earlier one had */
  sawList(authorityId: string, number: number, list: Buffer, serialNumbers: readonly string[]): void {
    const sha256 = hash("sha256", list, "hex");
    const before = this.lists.get(authorityId);
    if (before?.sha256 === sha256) return;
    const seen = { authorityId, number, sha256, serialNumbers: new Set(serialNumbers) };
    this.lists.set(authorityId, seen);
    if (before === undefined) return;
    if (number <= before.number)
      throw new Error(`list ${String(number)} of ${authorityId} came after ${String(before.number)}`);
    const lost = before.serialNumbers.difference(seen.serialNumbers);
    if (lost.size > 0)
      throw new Error(`list ${String(number)} of ${authorityId} lacks ${[...lost].join(", ")}`);
  }
}
