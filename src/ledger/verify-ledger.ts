import type { Database } from "../database/connect.ts";
import type { Tx } from "../database/transaction.ts";
import { isSmkiError } from "../errors/smki-error.ts";
import { decodeAct } from "./act-encoding.ts";
import { readIssuedCertificate } from "./certificate-act.ts";
import { withFormerLedgers } from "./former-ledgers.ts";
import { type NoteVerifier, parseVerifierKey } from "./note.ts";
import {
  type CertificateLeaf,
  type CertificateRow,
  CertificateSums,
  nameCertificateDifferences,
} from "./verification/certificate-check.ts";
import { checkEntry } from "./verification/entry-check.ts";
import { Findings, type LedgerFinding } from "./verification/finding.ts";
import { databaseSource, openEntries, readEntries } from "./verification/pages.ts";
import { type VerifiedTree, verifyTree } from "./verification/verify-tree.ts";

/**
 * The question that the duty which holds the certificates answers: all of them, in any order. It is asked with the
 * transaction of the verification, so that both sides are seen at one moment, and asked again where they differ.
 */
export type CertificateRows = (tx: Tx) => AsyncIterable<CertificateRow>;

/** How to verify. */
export interface VerifyOptions {
  /** The ledger's verifier key (C2SP signed-note, "Verifier keys"), from where the operator publishes it. */
  readonly verifierKey: string;
  /** The ledgers before each restore that lost acts, as `former-ledger-keys.txt` has them. */
  readonly formerLedgers?: string;
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
export interface LedgerReport extends VerifiedTree {
  /** True when nothing is wrong. Open and unsigned entries are not wrong. */
  readonly holds: boolean;
  /** Acts recorded and not yet sequenced. */
  readonly openEntries: number;
  /** Present when certificates were compared. */
  readonly certificates?: { readonly recorded: number; readonly held: number };
  /** All findings, the named and the others. */
  readonly findingCount: number;
  readonly findings: readonly LedgerFinding[];
}

export const defaultMostFindings = 1_000;
export const mismatchesPerFinding = 10;
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
  const verifier = withFormerLedgers(parseVerifierKey(options.verifierKey), options.formerLedgers ?? "");
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
  const tree = await verifyTree({
    source: databaseSource(tx),
    verifier,
    knownCheckpoints: options.knownCheckpoints ?? [],
    findings,
    mostMismatches: most * mismatchesPerFinding,
    onEntry: ({ leaf, entry }) => checkEntry(entry, leaf, findings, sums),
    onProgress: options.onProgress,
  });
  let open = 0;
  for await (const entry of openEntries(tx)) {
    open += 1;
    checkEntry(entry, undefined, findings, sums);
  }
  if (sums !== undefined && options.certificates !== undefined) {
    for await (const row of options.certificates(tx)) sums.addRow(row);
    const sides = {
      leaves: () => issuedCertificates(tx, tree.size),
      rows: () => options.certificates?.(tx) ?? none(),
    };
    await nameCertificateDifferences(sums, sides, findings);
  }
  return {
    holds: findings.count === 0,
    ...tree,
    openEntries: open,
    ...(sums === undefined ? {} : { certificates: { recorded: sums.leaves, held: sums.rows } }),
    findingCount: findings.count,
    findings: findings.named,
  };
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
