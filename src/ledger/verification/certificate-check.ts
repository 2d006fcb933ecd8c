import { hash, randomBytes } from "node:crypto";
import type { IssuedCertificate } from "../certificate-act.ts";
import type { Findings } from "./finding.ts";

/** A certificate as it is held, told by the duty that holds it. */
export interface CertificateRow {
  /** The serial number's octets in lower-case hex, as in the acts. */
  readonly serialNumber: string;
  /** SHA-256 in lower-case hex, computed now from the DER that is stored; a digest kept beside it proves nothing. */
  readonly derSha256: string;
}

/** A `certificate.issued` act; without a leaf while it is open. */
export interface CertificateLeaf {
  readonly leaf?: number;
  readonly issued: IssuedCertificate;
}

/** Gives all of a side again, from the start, in any order. */
export interface CertificateSides {
  readonly leaves: () => AsyncIterable<CertificateLeaf>;
  readonly rows: () => AsyncIterable<CertificateRow>;
}

const bucketCount = 0x1_0000;
const lanes = 8;
// Certificates held in memory at a time when differences are looked for.
const mostHeld = 200_000;

/**
 * Sums over all pairs of serial number and digest, leaves added and rows taken away. Equal sides leave zero
 * everywhere, in whatever order they came, at 2.4 MB for any number of certificates; a difference leaves its
 * bucket non-zero, and only those buckets are looked at again. Each pair counts as its SHA-256 under a key drawn
 * for this run, so that whoever changed the rows before could not choose changes that cancel out.
 */
export class CertificateSums {
  readonly #key = randomBytes(32).toString("hex");
  readonly #sums = new Uint32Array(bucketCount * lanes);
  readonly #counts = new Int32Array(bucketCount);
  leaves = 0;
  rows = 0;

  addLeaf({ serialNumber, certificate }: IssuedCertificate): void {
    this.leaves += 1;
    this.#add(serialNumber, certificate, 1);
  }

  addRow({ serialNumber, derSha256 }: CertificateRow): void {
    this.rows += 1;
    this.#add(serialNumber, derSha256, -1);
  }

  #add(serialNumber: string, digest: string, sign: 1 | -1): void {
    const bucket = bucketOf(serialNumber);
    const item = hash("sha256", `${this.#key}:${serialNumber}:${digest}`, "buffer");
    for (let lane = 0; lane < lanes; lane += 1) {
      const at = bucket * lanes + lane;
      // The array keeps sums modulo 2^32.
      this.#sums[at] = (this.#sums[at] ?? 0) + sign * item.readUInt32LE(lane * 4);
    }
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + sign;
  }

  /** The buckets in which the sides differ. */
  differing(): number[] {
    const differing: number[] = [];
    for (let bucket = 0; bucket < bucketCount; bucket += 1) {
      const sums = this.#sums.subarray(bucket * lanes, (bucket + 1) * lanes);
      if (this.#counts[bucket] !== 0 || sums.some((sum) => sum !== 0)) differing.push(bucket);
    }
    return differing;
  }
}

/** Names every difference between leaves and certificates: a pass over both sides for each group of buckets. */
export async function nameCertificateDifferences(
  sums: CertificateSums,
  sides: CertificateSides,
  findings: Findings,
): Promise<void> {
  const differing = sums.differing();
  const perBucket = Math.max(1, Math.max(sums.leaves, sums.rows) / bucketCount);
  const groupSize = Math.max(1, Math.floor(mostHeld / perBucket));
  for (let start = 0; start < differing.length && !findings.isFull; start += groupSize) {
    await nameGroup(new Set(differing.slice(start, start + groupSize)), sides, findings);
  }
}

async function nameGroup(
  buckets: ReadonlySet<number>,
  sides: CertificateSides,
  findings: Findings,
): Promise<void> {
  const recorded = new Map<string, CertificateLeaf>();
  for await (const leaf of sides.leaves()) {
    const { serialNumber } = leaf.issued;
    if (!buckets.has(bucketOf(serialNumber))) continue;
    if (recorded.has(serialNumber)) {
      const what = `certificate ${serialNumber} is recorded a second time`;
      findings.add({ kind: "certificate-recorded-twice", what, serialNumber, ...placeOf(leaf) });
    } else {
      recorded.set(serialNumber, leaf);
    }
  }
  for await (const { serialNumber, derSha256 } of sides.rows()) {
    if (!buckets.has(bucketOf(serialNumber))) continue;
    const leaf = recorded.get(serialNumber);
    if (leaf === undefined) {
      const what = `certificate ${serialNumber} is held, and no act of issuing it was recorded`;
      findings.add({ kind: "certificate-without-leaf", what, serialNumber });
    } else if (leaf.issued.certificate !== derSha256) {
      const what = `certificate ${serialNumber} has other bytes than were issued`;
      findings.add({ kind: "certificate-altered", what, serialNumber, ...placeOf(leaf) });
    }
    recorded.delete(serialNumber);
  }
  for (const [serialNumber, leaf] of recorded) {
    const what = `certificate ${serialNumber} was issued and is not held`;
    findings.add({ kind: "certificate-missing", what, serialNumber, ...placeOf(leaf) });
  }
}

const bucketOf = (serialNumber: string): number =>
  Number.parseInt(serialNumber.slice(-4), 16) & (bucketCount - 1);
const placeOf = ({ leaf }: CertificateLeaf) => (leaf === undefined ? {} : { leaf });
