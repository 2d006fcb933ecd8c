import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { isSmkiError, SmkiError } from "../../../errors/smki-error.ts";
import { type Checkpoint, openCheckpoint } from "../../../ledger/checkpoint.ts";
import type { LedgerResources } from "../../../ledger/copy/resources.ts";
import { parseLedgerKey } from "../../../ledger/note.ts";
import type { RecordedList } from "../late-acts.ts";
import { longestManifest, type Manifest, manifestName, parseManifest, type RowKind } from "../manifest.ts";
import { LedgerLeaves } from "./ledger-leaves.ts";
import { type FileJudgement, readLines } from "./read-rows.ts";
import { type Difference, RowSums, type Statement } from "./row-sums.ts";
import { listOfAct, listOfRow, statementOfAct, statementOfRow } from "./statements.ts";

/** One thing that does not hold. */
export interface ExtractFinding {
  readonly kind: "manifest" | "checkpoint" | "file" | "row" | "chain";
  /** The extract, by its folder. */
  readonly folder: string;
  /** One sentence for people, without a final stop. */
  readonly what: string;
}

/** How an extract was judged. */
export interface ExtractReport {
  readonly holds: boolean;
  readonly extracts: readonly Pick<Manifest, "name" | "kind" | "fromSize" | "size" | "madeAt">[];
  /** Rows that were read. */
  readonly rows: number;
  readonly findings: readonly ExtractFinding[];
}

/** What extracts are judged by. */
export interface VerifyExtractOptions {
  /** The ledger's verifier key, from where the operator publishes it. */
  readonly verifierKey: string;
  /** A copy of the ledger, or the ledger as it is served; nothing of it is believed that the key has not signed. */
  readonly ledger: LedgerResources;
  /** Findings to name for each extract. Default 1,000. */
  readonly mostFindings?: number;
}

/**
 * Proves of extracts, with nothing but their files, the ledger and its key, that each has what the ledger says was done
 * between its checkpoints and nothing else; and of several, that they go on from one another. Memory does not depend on
 * how many certificates there are.
 *
 * @param folders - each with the files of one extract, as they were downloaded
 * @throws SmkiError FILE_UNREADABLE, EXTRACT_MANIFEST_MALFORMED, EXTRACT_LEDGER_OLDER, LEDGER_VERIFIER_KEY_MALFORMED and
 *   what keeps the ledger from being read; never for what does not hold
 */
export async function verifyExtracts(
  folders: readonly string[],
  options: VerifyExtractOptions,
): Promise<ExtractReport> {
  const findings: ExtractFinding[] = [];
  const opened: { folder: string; manifest: Manifest }[] = [];
  for (const folder of folders) opened.push({ folder, manifest: await readManifest(folder) });
  let rows = 0;
  for (const { folder, manifest } of opened)
    rows += await verifyOne(folder, manifest, options, (kind, what) => {
      findings.push({ kind, folder, what });
    });
  findings.push(...chainFindings(opened));
  return {
    holds: findings.length === 0,
    extracts: opened.map(({ manifest: { name, kind, fromSize, size, madeAt } }) => ({
      name,
      kind,
      fromSize,
      size,
      madeAt,
    })),
    rows,
    findings,
  };
}

async function readManifest(folder: string): Promise<Manifest> {
  const file = join(folder, manifestName);
  try {
    if ((await stat(file)).size > longestManifest)
      throw new SmkiError("EXTRACT_MANIFEST_MALFORMED", { file, reason: "too long" });
    return parseManifest(await readFile(file, "utf8"));
  } catch (cause) {
    if (cause instanceof SmkiError) throw cause;
    throw new SmkiError(
      "FILE_UNREADABLE",
      { file, reason: (cause as NodeJS.ErrnoException).code ?? "unknown" },
      { cause },
    );
  }
}

type Find = (kind: ExtractFinding["kind"], what: string) => void;

async function verifyOne(
  folder: string,
  manifest: Manifest,
  { verifierKey, ledger, mostFindings = 1_000 }: VerifyExtractOptions,
  find: Find,
): Promise<number> {
  await checkNames(folder, manifest, find);
  const checkpoint = checkpointOf(manifest, verifierKey, find);
  const sums = new RowSums();
  const lists = new Map<string, RecordedList>();
  let namedRows = 0;
  const findRow = (what: string) => {
    namedRows += 1;
    if (namedRows <= mostFindings) find("row", what);
  };

  for await (const statement of extracted(folder, manifest, (file, what) => {
    if (file === undefined) findRow(what);
    else find("file", `${file}: ${what}`);
  }))
    sums.addExtracted(statement);
  const listRows = await extractedLists(folder, manifest, lists, find, findRow);

  if (checkpoint === undefined) return sums.extracted + listRows;
  let leaves: LedgerLeaves;
  try {
    leaves = await LedgerLeaves.open(ledger, checkpoint);
  } catch (error) {
    if (!isSmkiError(error, "LEDGER_COPY_SOURCE_DAMAGED")) throw error;
    find(
      "checkpoint",
      `the ledger has another root at ${String(checkpoint.size)} leaves: one of the two was altered, or there are two histories`,
    );
    return sums.extracted + listRows;
  }
  const newest = new Map<string, RecordedList>();
  for await (const act of leaves.acts(manifest.fromSize)) {
    const statement = statementOfAct(act);
    if (statement !== undefined) sums.addRecorded(statement);
    const list = listOfAct(act);
    if (list !== undefined) newest.set(list.authority, list);
  }
  const recorded = async function* (): AsyncGenerator<Statement> {
    for await (const act of leaves.acts(manifest.fromSize)) {
      const statement = statementOfAct(act);
      if (statement !== undefined) yield statement;
    }
  };
  const again = () => extracted(folder, manifest, () => undefined);
  for await (const difference of sums.differences(recorded, again, mostFindings))
    findRow(inWords(difference));
  compareLists(newest, lists, findRow);
  if (namedRows > mostFindings) find("row", `${String(namedRows - mostFindings)} more like these`);
  return sums.extracted + listRows;
}

async function checkNames(folder: string, manifest: Manifest, find: Find): Promise<void> {
  const known = new Set([manifestName, ...manifest.files.map(({ name }) => name)]);
  for (const name of await readdir(folder))
    if (!known.has(name)) find("file", `${name}: the manifest does not name it`);
}

function checkpointOf(manifest: Manifest, verifierKey: string, find: Find): Checkpoint | undefined {
  const verifier = parseLedgerKey(verifierKey);
  try {
    const checkpoint = openCheckpoint(manifest.checkpoint, verifier);
    if (checkpoint.size === manifest.size) return checkpoint;
    find("manifest", `it says ${String(manifest.size)} leaves, its checkpoint ${String(checkpoint.size)}`);
  } catch (error) {
    if (!isSmkiError(error)) throw error;
    find("checkpoint", `the manifest's checkpoint cannot be relied on: ${error.message}`);
  }
  return undefined;
}

/** What the rows of the three files say, one after the other. @param tell - of a file by its name, or of a row */
async function* extracted(
  folder: string,
  manifest: Manifest,
  tell: (file: string | undefined, what: string) => void,
): AsyncGenerator<Statement> {
  for (const file of manifest.files) {
    const kind: RowKind = file.rows;
    if (kind === "lists") continue;
    const judgement: FileJudgement = {};
    for await (const line of readLines(folder, file, judgement)) {
      const statement = statementOfRow(kind, line);
      if (typeof statement === "string") tell(undefined, `${file.name}: ${statement}`);
      else yield statement;
    }
    if (judgement.problem !== undefined) tell(file.name, judgement.problem);
  }
}

async function extractedLists(
  folder: string,
  manifest: Manifest,
  lists: Map<string, RecordedList>,
  find: Find,
  findRow: (what: string) => void,
): Promise<number> {
  const file = manifest.files.find(({ rows }) => rows === "lists");
  if (file === undefined) return 0;
  let rows = 0;
  const judgement: FileJudgement = {};
  for await (const line of readLines(folder, file, judgement)) {
    const list = listOfRow(line);
    rows += 1;
    if (list === undefined) findRow(`${file.name}: a line is no row of this file`);
    else if (lists.has(list.authority)) findRow(`a list of ${list.authority} is there twice`);
    else lists.set(list.authority, list);
  }
  if (judgement.problem !== undefined) find("file", `${file.name}: ${judgement.problem}`);
  return rows;
}

function compareLists(
  recorded: ReadonlyMap<string, RecordedList>,
  held: ReadonlyMap<string, RecordedList>,
  findRow: (what: string) => void,
): void {
  for (const [authority, list] of recorded) {
    const other = held.get(authority);
    if (other === undefined) findRow(`list ${String(list.number)} of ${authority} is missing`);
    else if (other.number !== list.number)
      findRow(
        `list ${String(other.number)} of ${authority} is not the newest, which is ${String(list.number)}`,
      );
    else if (other.digest !== list.digest)
      findRow(`list ${String(list.number)} of ${authority} has other octets than were published`);
  }
  for (const authority of held.keys())
    if (!recorded.has(authority)) findRow(`a list of ${authority} is there that was not published then`);
}

const problems: Readonly<Record<Difference["problem"], string>> = {
  missing: "stands in the ledger and is missing",
  foreign: "is there, and the ledger has no such act between the checkpoints",
  altered: "is not as the ledger has it",
  twice: "is there twice",
  "recorded twice": "stands in the ledger twice",
};

const inWords = ({ about, problem }: Difference): string => `${about} ${problems[problem]}`;

/**
 * Of several: each delta goes on from another that was given, unless it is the first of them, and no two tell of the same
 * leaves. A full one needs nothing before it, and those of several weeks may lie together.
 */
function chainFindings(opened: readonly { folder: string; manifest: Manifest }[]): ExtractFinding[] {
  const bySize = opened.toSorted((a, b) => a.manifest.size - b.manifest.size);
  const deltas = opened
    .filter(({ manifest }) => manifest.kind === "delta")
    .toSorted((a, b) => a.manifest.fromSize - b.manifest.fromSize || a.manifest.size - b.manifest.size);
  return deltas.flatMap((next, index) => {
    const { fromSize } = next.manifest;
    const overlapped = deltas.slice(0, index).find(({ manifest }) => manifest.size > fromSize);
    const before = bySize.findLast((one) => one !== next && one.manifest.size <= fromSize);
    const wrong = overlapped ?? (before?.manifest.size === fromSize ? undefined : before);
    if (wrong === undefined) return [];
    const { name, size } = wrong.manifest;
    const what = `it tells of the leaves from ${String(fromSize)} on, and ${name} ends at ${String(size)}`;
    return [{ kind: "chain", folder: next.folder, what }];
  });
}
