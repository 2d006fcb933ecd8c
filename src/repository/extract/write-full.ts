import type { Readable } from "node:stream";
import {
  certificateLinesIn,
  newestListNumber,
  notInUseLinesIn,
  type RowRange,
  revocationLinesIn,
} from "../../authorities/bulk-rows.ts";
import type { CopyOut, RowStream } from "../../database/copy/copy-session.ts";
import type { Tx } from "../../database/transaction.ts";
import { issuerCertificates } from "../repository.ts";
import type { LateActs } from "./late-acts.ts";
import { listLine } from "./list-line.ts";
import type { Making, Place } from "./making.ts";
import type { RowKind } from "./manifest.ts";
import { type Part, withFiles } from "./parts.ts";
import { isLeftOut } from "./rows.ts";

/** What the parts of a full extract are read from. */
export interface FullSource {
  readonly tx: Tx;
  /** Reads in the snapshot of `tx`. */
  readonly copy: CopyOut;
  /** What that snapshot shows and the checkpoint does not cover. */
  readonly late: LateActs;
  /** Where extracts lie. */
  readonly folder: string;
  readonly mostRows: number;
  /** Aborted: stop. */
  readonly stop: AbortSignal;
}

interface Table {
  readonly query: (range: RowRange) => string;
  readonly late: "issued" | "revoked" | "notInUse";
  readonly following: RowKind;
}

const tables: Readonly<Record<Exclude<RowKind, "lists">, Table>> = {
  certificates: { query: certificateLinesIn, late: "issued", following: "revocations" },
  revocations: { query: revocationLinesIn, late: "revoked", following: "not-in-use" },
  "not-in-use": { query: notInUseLinesIn, late: "notInUse", following: "lists" },
};

/** Longer than a certificate's line. */
const longestTail = 16_384;

/**
 * Writes the next part of a full extract: rows in the order of their serial numbers, without what was done after the
 * checkpoint. Rows are only ever added, and each addition is an act, so that any later snapshot gives the same rows for
 * the same checkpoint. They pass as PostgreSQL gives them: memory does not depend on how many there are.
 */
export async function writeFullPart(source: FullSource, making: Making, place: Place): Promise<Part> {
  const { rows, after } = place;
  if (rows === "lists") return writeLists(source, making);
  const { copy, late, folder, mostRows, stop } = source;
  const { query, late: except, following } = tables[rows];
  return withFiles(folder, making, [rows], async ({ [rows]: file }) => {
    const lines: RowStream<Readable> = copy.readLines(query({ after, most: mostRows, except: late[except] }));
    let tail: Buffer = Buffer.alloc(0);
    for await (const chunk of lines as AsyncIterable<Buffer>) {
      stop.throwIfAborted();
      tail = chunk.length < longestTail ? Buffer.concat([tail, chunk]).subarray(-longestTail) : chunk;
      await file.write(chunk);
    }
    const full = lines.rowCount === mostRows;
    return {
      files: [await file.end(lines.rowCount)],
      rowOctets: file.rowOctets,
      next: { rows: full ? rows : following, after: full ? lastSerialNumber(tail) : "", lists: {} },
    };
  });
}

/** Of the last line, which its serial number begins. @param tail - the end of the lines, with a line feed at its end */
function lastSerialNumber(tail: Buffer): string {
  const start = tail.lastIndexOf("\n", tail.length - 2) + 1;
  return tail.toString("latin1", start, start + 32);
}

async function writeLists({ tx, late, folder }: FullSource, making: Making): Promise<Part> {
  return withFiles(folder, making, ["lists"], async ({ lists: file }) => {
    let count = 0;
    for (const authority of await issuerCertificates(tx)) {
      if (isLeftOut(authority.id)) continue;
      const number = await newestListNumber(tx, authority.id, late.lists.get(authority.id) ?? []);
      if (number === undefined) continue;
      await file.writeLine(await listLine(tx, authority, number));
      count += 1;
    }
    return { files: [await file.end(count)], rowOctets: file.rowOctets, next: null };
  });
}
