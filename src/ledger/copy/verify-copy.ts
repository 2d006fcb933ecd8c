import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import { openCheckpoint } from "../checkpoint.ts";
import { type NoteVerifier, parseVerifierKey } from "../note.ts";
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
  const verifier = parseVerifierKey(options.verifierKey ?? (await ownKey(folder)));
  const most = options.mostFindings ?? defaultMostFindings;
  const findings = new Findings(most);
  await checkNewest(folder, verifier, findings);
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

/**
 * The checkpoint under the name that others ask for: it must be signed, and be the newest of those that are kept.
 * Those are judged with the tree.
 */
async function checkNewest(folder: CopyFolder, verifier: NoteVerifier, findings: Findings): Promise<void> {
  const note = await folder.readText(checkpointName);
  const newest = (await folder.keptSizes()).at(-1);
  if (note === undefined && newest === undefined)
    throw new SmkiError("LEDGER_COPY_MISSING", { folder: folder.path, file: checkpointName });
  try {
    if (note === undefined) throw new SmkiError("LEDGER_COPY_MISSING", { file: checkpointName });
    const { size, root } = openCheckpoint(note, verifier);
    const kept =
      size === newest ? openCheckpoint((await folder.keptCheckpoint(size)).note, verifier) : undefined;
    if (kept?.root.equals(root) === true) return;
    const what = `the file ${checkpointName} states another tree than the newest of the kept checkpoints`;
    findings.add({ kind: "checkpoint-root", what, checkpoint: size });
  } catch (error) {
    if (!isSmkiError(error)) throw error;
    const what = `the file ${checkpointName} cannot be relied on: ${error.message}`;
    findings.add({ kind: "checkpoint-signature", what });
  }
}
