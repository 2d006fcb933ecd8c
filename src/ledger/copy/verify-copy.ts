import { SmkiError } from "../../errors/smki-error.ts";
import { parseLedgerKey } from "../note.ts";
import { checkEntry } from "../verification/entry-check.ts";
import { Findings } from "../verification/finding.ts";
import { verifyTree } from "../verification/verify-tree.ts";
import { defaultMostFindings, type LedgerReport, mismatchesPerFinding } from "../verify-ledger.ts";
import { CopyFolder, checkpointName, verifierKeyName } from "./copy-folder.ts";
import { folderSource } from "./folder-source.ts";

/** How a copy is verified. */
export interface VerifyCopyOptions {
  /** The ledger's verifier key from where the operator publishes it; the copy's own if left out. */
  readonly verifierKey?: string;
  /** Signed checkpoints that were kept elsewhere. */
  readonly knownCheckpoints?: readonly string[];
  /** Findings to name; the rest are counted. Default 1,000. */
  readonly mostFindings?: number;
  readonly onProgress?: (leaves: number, size: number) => void;
}

/**
 * Works a copied ledger out again from the bytes of its entries: without network, database or estate. It reads the
 * copy once, a page at a time, and writes nothing.
 *
 * @throws SmkiError LEDGER_COPY_MISSING, LEDGER_VERIFIER_KEY_MALFORMED, FILE_UNREADABLE; never for what is wrong with
 *   the ledger
 */
export async function verifyCopy(path: string, options: VerifyCopyOptions = {}): Promise<LedgerReport> {
  const folder = new CopyFolder(path);
  const verifier = parseLedgerKey(options.verifierKey ?? (await ownKey(folder)));
  const most = options.mostFindings ?? defaultMostFindings;
  const findings = new Findings(most);
  await checkNewest(folder, findings);
  const tree = await verifyTree({
    source: await folderSource(folder),
    verifier,
    knownCheckpoints: options.knownCheckpoints ?? [],
    findings,
    mostMismatches: most * mismatchesPerFinding,
    onEntry: ({ leaf, entry }) => checkEntry(entry, leaf, findings),
    onProgress: options.onProgress,
  });
  return {
    ...tree,
    holds: findings.count === 0,
    openEntries: 0,
    findingCount: findings.count,
    findings: findings.named,
  };
}

async function ownKey(folder: CopyFolder): Promise<string> {
  const key = await folder.readText(verifierKeyName);
  if (key === undefined)
    throw new SmkiError("LEDGER_COPY_MISSING", { folder: folder.path, file: verifierKeyName });
  return key;
}

/** The checkpoint that others ask for is there, and none that is kept is newer; the rest is judged with the tree. */
async function checkNewest(folder: CopyFolder, findings: Findings): Promise<void> {
  const newest = await folder.newestCheckpoint();
  const kept = (await folder.keptSizes()).at(-1);
  if (newest === undefined && kept === undefined)
    throw new SmkiError("LEDGER_COPY_MISSING", { folder: folder.path, file: checkpointName });
  if (newest === undefined) {
    const what = `the file ${checkpointName} cannot be relied on: it is missing, or is no checkpoint`;
    findings.add({ kind: "checkpoint-signature", what });
  } else if (kept !== undefined && kept > newest.size) {
    const what = `the file ${checkpointName} is older than the kept checkpoint of ${String(kept)} leaves`;
    findings.add({ kind: "checkpoint-size", what, checkpoint: newest.size });
  }
}
