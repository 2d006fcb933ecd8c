import { SmkiError } from "../errors/smki-error.ts";

/** One line of a file, cut into its fields. */
export interface CsvLine {
  /** From 1. */
  readonly number: number;
  /** Its fields, or why it cannot be cut. */
  readonly fields: readonly string[] | { readonly problem: string };
}

const longestLine = 4_096;

/**
 * Reads comma-separated values as they arrive, in constant memory: RFC 4180 in UTF-8, a line a record (a field in quotes
 * holds no end of line), LF or CR LF, the last end optional. A byte order mark and empty lines are passed over.
 *
 * @throws SmkiError CSV_UNREADABLE for what is not UTF-8, or a line without an end
 */
export async function* readCsv(source: AsyncIterable<Uint8Array>): AsyncGenerator<CsvLine[]> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let number = 0;
  let rest = "";
  const decode = (octets?: Uint8Array): string => {
    try {
      return octets === undefined ? decoder.decode() : decoder.decode(octets, { stream: true });
    } catch (cause) {
      throw new SmkiError("CSV_UNREADABLE", { afterLine: number, reason: "not text in UTF-8" }, { cause });
    }
  };
  const cut = (lines: readonly string[]): CsvLine[] =>
    lines.flatMap((line) => {
      number += 1;
      const text = line.endsWith("\r") ? line.slice(0, -1) : line;
      return text === "" ? [] : [{ number, fields: fieldsOf(text) }];
    });
  for await (const octets of source) {
    const lines = (rest + decode(octets)).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > longestLine)
      throw new SmkiError("CSV_UNREADABLE", {
        afterLine: number + lines.length,
        reason: "a line does not end",
      });
    yield cut(lines);
  }
  yield cut([rest + decode()]);
}

/** Cuts one line at its commas (RFC 4180 2). */
export function fieldsOf(line: string): readonly string[] | { readonly problem: string } {
  if (line.length > longestLine) return { problem: "the line is longer than any can be" };
  if (!line.includes('"')) return line.split(",");
  const fields: string[] = [];
  // Either a field in quotes, in which a quote stands twice, or one without any; then a comma or the end.
  const field = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;
  for (;;) {
    const found = field.exec(line);
    if (found === null)
      return { problem: 'a quote stands where none may; write a field as "…", a quote in it twice' };
    fields.push(found[1]?.replaceAll('""', '"') ?? found[2] ?? "");
    if (found[3] === "") return fields;
  }
}

/** One record as a line, with its end. */
export function csvLine(fields: readonly string[]): string {
  return `${fields.map((field) => (/[",]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(",")}\n`;
}
