import { SingleBar } from "cli-progress";
import { printable } from "../certificates/index.ts";
import { catalogue } from "../errors/catalogue.ts";
import { isSmkiError, type SmkiError } from "../errors/smki-error.ts";

/** What a verb tells: steps as they are done, then its answer; or, with `--json`, the answer alone. */
export interface Output {
  readonly json: boolean;
  /** A heading of a part of long work. */
  part(title: string): void;
  /** One step that is done. */
  readonly done: (text: string) => void;
  /** Something that a person should see to. */
  warn(text: string): void;
  line(text?: string): void;
  /** Shows how far long work has come; the work calls `advance`. */
  progress<Result>(
    title: string,
    total: number,
    work: (advance: (by?: number) => void) => Promise<Result>,
  ): Promise<Result>;
  /** The answer for programs; for people it is `text`. */
  answer(value: unknown, text?: string): void;
}

const isTerminal = (): boolean => process.stdout.isTTY && process.env["TERM"] !== "dumb";
const colour = (code: number, text: string): string =>
  isTerminal() && process.env["NO_COLOR"] === undefined ? `\u001b[${String(code)}m${text}\u001b[0m` : text;

/** Writes for a person on standard output; nothing but the answer when `json` is set. */
export function createOutput(json = false): Output {
  const print = (text: string) => {
    if (!json) process.stdout.write(`${text}\n`);
  };
  return {
    json,
    part: (title) => {
      print(`\n${colour(1, title)}`);
    },
    done: (text) => {
      print(`  ${colour(32, "✓")} ${text}`);
    },
    warn: (text) => {
      process.stderr.write(`  ${colour(33, "!")} ${text}\n`);
    },
    line: (text = "") => {
      print(text);
    },
    progress: (title, total, work) =>
      json || !isTerminal() ? work(() => undefined) : withBar(title, total, work),
    answer: (value, text) => {
      if (json) process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
      else if (text !== undefined) print(text);
    },
  };
}

async function withBar<Result>(
  title: string,
  total: number,
  work: (advance: (by?: number) => void) => Promise<Result>,
): Promise<Result> {
  const bar = new SingleBar({
    format: `    {bar} {value}/{total} ${title}`,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    barsize: 30,
    hideCursor: true,
    // The finished bar gives way to the line that says what was done.
    clearOnComplete: true,
    stream: process.stdout,
  });
  bar.start(total, 0);
  try {
    return await work((by = 1) => {
      bar.increment(by);
    });
  } finally {
    bar.stop();
  }
}

/** Columns under headings, padded; the last column is as long as it is. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => (row[column] ?? "").length)),
  );
  const lines = [headings, ...rows].map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
  return lines.join("\n");
}

/** Tells an error on standard error: what happened, and what to do. @returns the exit status */
export function tellError(error: unknown, json = false): number {
  if (isSmkiError(error)) {
    if (json) {
      const { code, message, remedy, details } = error;
      process.stdout.write(
        `${JSON.stringify({ error: { code, message, remedy, details } }, undefined, 2)}\n`,
      );
    }
    process.stderr.write(`smki: ${told(error)}\n      What to do: ${error.remedy} [${error.code}]\n`);
    const cause = error.cause instanceof Error ? error.cause.message : undefined;
    if (cause !== undefined && process.env["SMKI_DEBUG"] !== undefined)
      process.stderr.write(`      Cause: ${cause}\n`);
    return 1;
  }
  process.stderr.write(`smki: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return 70;
}

/** What happened; where there are several mistakes, one a line. Its details may be of a file that a stranger wrote. */
function told(error: SmkiError): string {
  const { mistakes } = error.details;
  if (typeof mistakes !== "string") return printable(error.message);
  const lines = mistakes.split("\n").map((mistake) => `  - ${printable(mistake)}`);
  return [`${catalogue[error.code].what}:`, ...lines].join("\n");
}
