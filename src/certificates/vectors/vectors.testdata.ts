import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Exclusion, exclusions, type VectorFamily } from "./exclusions.testdata.ts";

/** The optional folder of public conformance vectors; tests that need it are skipped where it is absent. */
const vectorFolder: string = join(import.meta.dirname, "../../../../shared/data/vectors");

/** True when the optional folder of vectors is there. */
export const hasVectors: boolean = existsSync(vectorFolder);

/** Why a test was skipped, for its name. */
export const needsVectors = "[needs ../shared/data/vectors]";

/** Reads one file of the folder. */
export function readVectors(file: string): unknown {
  return JSON.parse(readFileSync(join(vectorFolder, file), "utf8"));
}

/** What an exclusion may look at: the parameters that a case was made for. */
type Facts = Readonly<Record<string, string | number>>;

/** One case of a family, whatever its format. */
export interface VectorCase {
  readonly id: string;
  readonly facts?: Facts;
  /** Whether we give the answer that the vector asks for. */
  readonly passes: () => boolean;
}

/** What came of a family. Every list but `excluded` is to be empty. */
export interface Tally {
  readonly total: number;
  readonly run: number;
  readonly excluded: readonly string[];
  /** Cases that run and do not give the expected answer. */
  readonly failing: readonly string[];
  /** Exclusions that nothing needs, or that are needed by another number of cases than they say. */
  readonly unnecessary: readonly string[];
  /** `x509-limbo: 97 cases, 75 run, 22 excluded (...)`. */
  readonly summary: string;
}

/**
 * Runs every case of a family. A case is excluded only if a row of the list names it and we do not give its answer: what an
 * excluded feature does not keep from the right answer is run all the same.
 */
export function tallyOf(family: VectorFamily, cases: readonly VectorCase[]): Tally {
  const rows = exclusions.filter((row) => row.family === family);
  const needed = new Map<Exclusion, number>(rows.map((row) => [row, 0]));
  const excluded: string[] = [];
  const failing: string[] = [];
  for (const each of cases) {
    if (each.passes()) continue;
    const row = rows.find((candidate) => covers(candidate, each));
    if (row === undefined) {
      failing.push(each.id);
      continue;
    }
    needed.set(row, (needed.get(row) ?? 0) + 1);
    excluded.push(each.id);
  }
  const unnecessary = [...needed].flatMap(([row, count]) => {
    const said = "case" in row ? 1 : row.cases;
    return count === said ? [] : [`${JSON.stringify(row)} is needed by ${String(count)} cases`];
  });
  const run = cases.length - excluded.length;
  const counts = `${String(cases.length)} cases, ${String(run)} run, ${String(excluded.length)} excluded`;
  return {
    total: cases.length,
    run,
    excluded,
    failing,
    unnecessary,
    summary: `${family}: ${counts}${causesOf(needed)}`,
  };
}

/** Prints the counts of a family, which the test reporter shows whether it passes or not. */
export function announce({ summary }: Tally): void {
  process.stdout.write(`${summary}\n`);
}

function covers(row: Exclusion, { id, facts }: VectorCase): boolean {
  return "case" in row
    ? row.case === id
    : Object.entries(row.where).every(([fact, value]) => facts?.[fact] === value);
}

function causesOf(needed: ReadonlyMap<Exclusion, number>): string {
  const byCause = new Map<string, number>();
  for (const [{ cites }, count] of needed) byCause.set(cites, (byCause.get(cites) ?? 0) + count);
  const parts = [...byCause].map(([cites, count]) => `${cites} ${String(count)}`);
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}
