import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import type { Act } from "../act.ts";
import { encodeAct } from "../act-encoding.ts";
import { signCheckpoint } from "../checkpoint.ts";
import { formatVerifierKey } from "../note.ts";
import { type TestLedger, testOrigin } from "../testkit.ts";
import { edgeRoot, emptyEdge, extendEdge } from "../tree/edge.ts";
import { leafHash } from "../tree/hash.ts";
import { type CopyOptions, type CopyResult, copyLedger } from "./copy-ledger.ts";
import { databaseResources, type LedgerResources } from "./resources.ts";

/** True where the second verifier can run. */
export const hasPython = spawnSync("python3", ["--version"]).status === 0;

const folders: string[] = [];

/** A folder that `removeFolders` removes. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "ledger-copy-"));
  folders.push(folder);
  return folder;
}

export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** What the ledger's own database serves. */
export const resourcesOf = (ledger: TestLedger): LedgerResources =>
  databaseResources(ledger.database, formatVerifierKey(ledger.signer.verifier), 0);

/** Copies a ledger from its database. */
export const copyOf = (
  ledger: TestLedger,
  folder: string,
  options: Partial<CopyOptions> = {},
): Promise<CopyResult> => copyLedger({ folder, resources: resourcesOf(ledger), ...options });

/** A ledger's checkpoint in a file, as someone keeps it elsewhere. */
export async function keepCheckpoint(ledger: TestLedger): Promise<{ note: string; file: string }> {
  const { note } = await ledger.signer.lastCheckpoint();
  const file = join(temporaryFolder(), "kept.txt");
  writeFileSync(file, note);
  return { note, file };
}

/** Every file below a folder, in order. */
export function filesIn(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names
    .filter((name) => statSync(join(folder, name)).isFile())
    .map((name) => relative(folder, join(folder, name)))
    .toSorted();
}

/** How the second verifier judged. */
export interface SecondOpinion {
  readonly holds: boolean;
  readonly said: string;
}

const script = join(import.meta.dirname, "../../../second-verifier/verify_ledger.py");

/** Asks the second verifier, a Python program that shares nothing with ours. */
export function secondOpinion(
  what: "copy" | "receipt",
  path: string,
  key: string,
  against: readonly string[] = [],
): SecondOpinion {
  const keyFile = join(temporaryFolder(), "key.txt");
  writeFileSync(keyFile, `${key}\n`);
  const words = ["-I", script, what, path, keyFile, ...against];
  const { status, stdout, stderr } = spawnSync("python3", words, { encoding: "utf8" });
  if (status !== 0 && !stderr.startsWith("does NOT hold: ")) throw new Error(stderr);
  return { holds: status === 0, said: `${stdout}${stderr}`.trim() };
}

// One process for many cases, since starting Python takes longer than judging. Each line of its input is a path.
const judgeAll = `
import importlib.util, sys
sys.dont_write_bytecode = True
spec = importlib.util.spec_from_file_location("verifier", sys.argv[1])
verifier = importlib.util.module_from_spec(spec)
spec.loader.exec_module(verifier)
verify = verifier.verify_copy if sys.argv[2] == "copy" else verifier.verify_receipt
for path in sys.stdin.read().split("\\n"):
    try:
        verify(path, sys.argv[3], [])
        print("holds")
    except (OSError, ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        print("fails")
`;

/** Asks the second verifier about many files, or copies, at once. */
export function secondOpinions(what: "copy" | "receipt", paths: readonly string[], key: string): boolean[] {
  const words = ["-I", "-c", judgeAll, script, what, key];
  const { status, stdout, stderr } = spawnSync("python3", words, {
    encoding: "utf8",
    input: paths.join("\n"),
    maxBuffer: 16_000_000,
  });
  if (status !== 0) throw new Error(stderr);
  return stdout
    .trim()
    .split("\n")
    .map((said) => said === "holds");
}

/**
 * Rewrites the whole history in the database with other acts, and signs it with the ledger's own key: tree and
 * checkpoints of these sizes, everything consistent in itself.
 */
export async function rewriteHistory(
  ledger: TestLedger,
  acts: readonly Act[],
  sizes: readonly number[],
): Promise<void> {
  const hex = (octets: Buffer) => `'\\x${octets.toString("hex")}'::bytea`;
  await ledger.tamper("truncate ledger_entry, ledger_tile, ledger_checkpoint cascade");
  const entries = acts.map(encodeAct);
  const rows = entries.map((entry, leaf) => `(${String(leaf)}, ${hex(entry)})`);
  await ledger.tamper(`insert into ledger_entry values ${rows.join(", ")}`);
  for (const size of sizes) {
    const { edge, tiles } = extendEdge(emptyEdge, Buffer.concat(entries.slice(0, size).map(leafHash)));
    const checkpoint = { origin: testOrigin, size, root: edgeRoot(edge) };
    const note = await signCheckpoint(checkpoint, ledger.signer.verifier, (message) =>
      ledger.key.sign("ledger", message),
    );
    await ledger.tamper(`insert into ledger_checkpoint values (${String(size)}, '${note}', now())`);
    if (size < entries.length) continue;
    for (const { level, index, hashes } of tiles)
      await ledger.tamper(
        `insert into ledger_tile values (${String(level)}, ${String(index)}, ${hex(hashes)})`,
      );
  }
}
