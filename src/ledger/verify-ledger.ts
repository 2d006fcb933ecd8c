import type { Database } from "../database/connect.ts";
import type { Tx } from "../database/transaction.ts";
import { isSmkiError } from "../errors/smki-error.ts";
import { decodeAct } from "./act-encoding.ts";
import { readIssuedCertificate } from "./certificate-act.ts";
import { openCheckpoint } from "./checkpoint.ts";
import { type NoteVerifier, parseVerifierKey } from "./note.ts";
import {
  type CertificateLeaf,
  type CertificateRow,
  CertificateSums,
  nameCertificateDifferences,
} from "./verification/certificate-check.ts";
import { vouchedBy } from "./verification/checkpoint-check.ts";
import { Findings, type LedgerFinding } from "./verification/finding.ts";
import {
  newestCheckpoints,
  openEntries,
  readEntries,
  readOutside,
  sizeOfTiles,
} from "./verification/pages.ts";
import type { VouchedRoot } from "./verification/tile-judge.ts";
import { TreeCheck } from "./verification/tree-check.ts";

/**
 * The question that the duty which holds the certificates answers: all of them, in any order. It is asked with the
 * transaction of the verification, so that both sides are seen at one moment, and asked again where they differ.
 */
export type CertificateRows = (tx: Tx) => AsyncIterable<CertificateRow>;

/** How to verify. */
export interface VerifyOptions {
  /** The ledger's verifier key (C2SP signed-note, "Verifier keys"), from where the operator publishes it. */
  readonly verifierKey: string;
  /** With it, leaves and certificates are compared both ways. */
  readonly certificates?: CertificateRows;
  /**
   * Signed checkpoints kept outside the database: the signer's own, or a witness's. Without one nobody can tell a
   * ledger that was cut short, checkpoints and all, from one that never was longer.
   */
  readonly knownCheckpoints?: readonly string[];
  /** Findings to name; the rest are counted. Default 1,000. */
  readonly mostFindings?: number;
  /** Called now and then with the leaves checked so far and the tree's size. */
  readonly onProgress?: (leaves: number, size: number) => void;
}

/** What verification found. */
export interface LedgerReport {
  /** True when nothing is wrong. Open and unsigned entries are not wrong. */
  readonly holds: boolean;
  /** Leaves in the tree. */
  readonly size: number;
  /** Leaves that the newest valid checkpoint covers; those beyond it wait for theirs. */
  readonly signedSize: number;
  /** Checkpoints whose signature and root hold. */
  readonly checkpoints: number;
  /** Acts recorded and not yet sequenced. */
  readonly openEntries: number;
  /** Present when certificates were compared. */
  readonly certificates?: { readonly recorded: number; readonly held: number };
  /** All findings, the named and the others. */
  readonly findingCount: number;
  readonly findings: readonly LedgerFinding[];
}

const defaultMostFindings = 1_000;
const mismatchesPerFinding = 10;
const certificatePage = 8_192;

/**
 * Works the whole ledger out again from the bytes of its entries, and names what does not hold: any past row that
 * was deleted, altered, moved or inserted, any wrong tile or checkpoint, and any certificate without its act or act
 * without its certificate. Everything is seen as of one moment; recording and sequencing go on meanwhile.
 *
 * Memory does not grow with the number of leaves: the tree is read by pages, certificates are compared by keyed sums.
 *
 * @throws SmkiError LEDGER_VERIFIER_KEY_MALFORMED, or the database's failures; never for what is wrong with the ledger
 */
export async function verifyLedger(database: Database, options: VerifyOptions): Promise<LedgerReport> {
  const verifier = parseVerifierKey(options.verifierKey);
  return database.read((tx) => verifyAt(tx, verifier, options), { snapshot: true });
}

/** A report with what other duties found wrong with what the ledger tells of. */
export function withFindings(report: LedgerReport, more: readonly LedgerFinding[]): LedgerReport {
  return {
    ...report,
    holds: report.holds && more.length === 0,
    findingCount: report.findingCount + more.length,
    findings: [...report.findings, ...more],
  };
}

async function verifyAt(tx: Tx, verifier: NoteVerifier, options: VerifyOptions): Promise<LedgerReport> {
  const most = options.mostFindings ?? defaultMostFindings;
  const findings = new Findings(most);
  const sums = options.certificates === undefined ? undefined : new CertificateSums();
  const known = openKnown(options.knownCheckpoints ?? [], verifier, findings);
  const signedSize = await newestValidSize(tx, verifier);
  const size = await sizeOfTiles(tx, signedSize);

  const check = new TreeCheck({
    tx,
    size,
    verifier,
    known: known.filter((checkpoint) => checkpoint.size <= size),
    findings,
    mostMismatches: most * mismatchesPerFinding,
    onEntry: ({ leaf, entry }) => readEntry(entry, leaf, findings, sums),
    onProgress: (leaves) => options.onProgress?.(leaves, size),
  });
  await check.run();
  await reportOutside(tx, size, verifier, most, findings);
  for (const checkpoint of known) {
    if (checkpoint.size <= size) continue;
    const what = `a checkpoint from outside covers ${String(checkpoint.size)} leaves; the database holds ${String(size)}`;
    findings.add({ kind: "rolled-back", what, checkpoint: checkpoint.size, leaf: size });
  }
  let open = 0;
  for await (const entry of openEntries(tx)) {
    open += 1;
    readEntry(entry, undefined, findings, sums);
  }
  if (sums !== undefined && options.certificates !== undefined) {
    for await (const row of options.certificates(tx)) sums.addRow(row);
    const sides = {
      leaves: () => issuedCertificates(tx, size),
      rows: () => options.certificates?.(tx) ?? none(),
    };
    await nameCertificateDifferences(sums, sides, findings);
  }
  return {
    holds: findings.count === 0,
    size,
    signedSize,
    checkpoints: check.trail.held,
    openEntries: open,
    ...(sums === undefined ? {} : { certificates: { recorded: sums.leaves, held: sums.rows } }),
    findingCount: findings.count,
    findings: findings.named,
  };
}

/** Reads one entry for its kind and its certificate. */
function readEntry(
  entry: Buffer,
  leaf: number | undefined,
  findings: Findings,
  sums: CertificateSums | undefined,
): string | undefined {
  try {
    const act = decodeAct(entry);
    const issued = sums === undefined ? undefined : readIssuedCertificate(act);
    if (issued !== undefined) sums?.addLeaf(issued);
    return act.kind;
  } catch (error) {
    if (!isSmkiError(error)) throw error;
    const where = leaf === undefined ? "an open entry is no act" : "the entry is no act";
    findings.add({
      kind: "leaf-malformed",
      what: `${where}: ${error.message}`,
      ...(leaf === undefined ? {} : { leaf }),
    });
    return undefined;
  }
}

/** The certificates that leaves and open entries record, again. */
async function* issuedCertificates(tx: Tx, size: number): AsyncGenerator<CertificateLeaf> {
  for (let start = 0; start < size; start += certificatePage) {
    for (const { leaf, entry } of await readEntries(tx, start, Math.min(size, start + certificatePage))) {
      const issued = issuedIn(entry);
      if (issued !== undefined) yield { leaf, issued };
    }
  }
  for await (const entry of openEntries(tx)) {
    const issued = issuedIn(entry);
    if (issued !== undefined) yield { issued };
  }
}

function issuedIn(entry: Buffer): CertificateLeaf["issued"] | undefined {
  try {
    return readIssuedCertificate(decodeAct(entry));
  } catch (error) {
    // Told of in the first pass.
    if (isSmkiError(error, "LEDGER_ENTRY_MALFORMED")) return undefined;
    throw error;
  }
}

async function* none(): AsyncGenerator<CertificateRow> {
  // A side without rows.
}

function openKnown(notes: readonly string[], verifier: NoteVerifier, findings: Findings): VouchedRoot[] {
  return notes.flatMap((note) => {
    try {
      return [openCheckpoint(note, verifier)];
    } catch (error) {
      if (!isSmkiError(error)) throw error;
      findings.add({
        kind: "checkpoint-signature",
        what: `a checkpoint from outside cannot be relied on: ${error.message}`,
      });
      return [];
    }
  });
}

/** The size of the newest checkpoint that the ledger's key signed; invalid ones are told of as the tree passes them. */
async function newestValidSize(tx: Tx, verifier: NoteVerifier): Promise<number> {
  const unheard = new Findings(0);
  for (let below = Number.MAX_SAFE_INTEGER; ; ) {
    const checkpoints = await newestCheckpoints(tx, below, 1_000);
    for (const checkpoint of checkpoints) {
      if (vouchedBy(checkpoint, verifier, unheard) !== undefined) return checkpoint.size;
      below = checkpoint.size;
    }
    if (checkpoints.length === 0) return 0;
  }
}

async function reportOutside(
  tx: Tx,
  size: number,
  verifier: NoteVerifier,
  most: number,
  findings: Findings,
): Promise<void> {
  const outside = await readOutside(tx, size, most);
  for (const { leaf } of outside.entries) {
    findings.add({
      kind: "leaf-inserted",
      what: `an entry stands beyond the tree of ${String(size)} leaves`,
      leaf,
    });
  }
  for (const { level, index } of outside.tiles) {
    const tile = `tile/${String(level)}/${String(index)}`;
    findings.add({
      kind: "tile-beyond-tree",
      what: `tile ${String(index)} of level ${String(level)} is beyond the tree`,
      tile,
    });
  }
  for (const checkpoint of outside.checkpoints) {
    if (vouchedBy(checkpoint, verifier, findings) === undefined) continue;
    const what = `a checkpoint for ${String(checkpoint.size)} leaves stands where no round puts one`;
    findings.add({ kind: "checkpoint-size", what, checkpoint: checkpoint.size });
  }
}
