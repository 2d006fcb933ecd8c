import { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BinaryRowCheck } from "./binary-rows.ts";

type Row = readonly (Uint8Array | null)[];

/** Rows in the binary COPY format, as PostgreSQL's manual has it. */
function binaryRows(rows: readonly Row[]): Buffer {
  const parts = [Buffer.from("PGCOPY\n\xff\r\n\0", "latin1"), Buffer.alloc(8)];
  const int = (value: number, octets: 2 | 4) => {
    const buffer = Buffer.alloc(octets);
    buffer.writeIntBE(value, 0, octets);
    return buffer;
  };
  for (const row of rows) {
    parts.push(int(row.length, 2));
    for (const field of row) parts.push(int(field?.length ?? -1, 4), Buffer.from(field ?? []));
  }
  return Buffer.concat([...parts, int(-1, 2)]);
}

/** Passes octets in pieces of the given sizes. @returns the rows counted */
async function check(octets: Buffer, columns: number, pieces: readonly number[]): Promise<number> {
  const chunks: Buffer[] = [];
  for (let at = 0, turn = 0; at < octets.length; turn += 1) {
    const size = pieces[turn % pieces.length] ?? 1;
    chunks.push(octets.subarray(at, at + size));
    at += size;
  }
  const rowCheck = new BinaryRowCheck(columns);
  const passed: Buffer[] = [];
  Readable.from(chunks).pipe(rowCheck);
  rowCheck.on("data", (chunk: Buffer) => passed.push(chunk));
  await finished(rowCheck);
  expect(Buffer.concat(passed).equals(octets)).toBe(true);
  return rowCheck.rows;
}

const columns = 3;
const field = fc.option(fc.uint8Array({ maxLength: 40 }));
const rows = fc.array(fc.tuple(field, field, field), { maxLength: 6 });
const pieces = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 8 });
const damaged = { code: "BACKUP_DAMAGED" };

describe("binary rows", () => {
  test("are counted and passed on as they are, however they are cut into pieces", async () => {
    await fc.assert(
      fc.asyncProperty(rows, pieces, async (some, sizes) => {
        expect(await check(binaryRows(some), columns, sizes)).toBe(some.length);
      }),
    );
  });

  test("that were cut short anywhere, or go on behind their end, are refused", async () => {
    await fc.assert(
      fc.asyncProperty(rows, pieces, fc.nat(), async (some, sizes, cut) => {
        const whole = binaryRows(some);
        const short = whole.subarray(0, cut % whole.length);
        await expect(check(short, columns, sizes)).rejects.toMatchObject(damaged);
        await expect(check(Buffer.concat([whole, Buffer.of(0)]), columns, sizes)).rejects.toMatchObject(
          damaged,
        );
      }),
    );
  });

  test("of another table, by the number of its columns, are refused", async () => {
    await expect(check(binaryRows([[null, null]]), columns, [7])).rejects.toMatchObject(damaged);
    expect(await check(binaryRows([]), 0, [7])).toBe(0);
  });
});
