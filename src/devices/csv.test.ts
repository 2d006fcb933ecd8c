import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type CsvLine, csvLine, fieldsOf, readCsv } from "./csv.ts";

async function* inParts(octets: Buffer, size: number) {
  for (let at = 0; at < octets.length; at += size) yield octets.subarray(at, at + size);
}

async function read(text: string | Buffer, size = 7): Promise<CsvLine[]> {
  const lines: CsvLine[] = [];
  for await (const part of readCsv(inParts(Buffer.from(text), size))) lines.push(...part);
  return lines;
}

describe("a line of comma-separated values", () => {
  test.each<[string, readonly string[]]>([
    ["a,b,c", ["a", "b", "c"]],
    ["a,,c,", ["a", "", "c", ""]],
    ['"a,b",c', ["a,b", "c"]],
    ['"say ""yes""",x', ['say "yes"', "x"]],
    ['"",""', ["", ""]],
  ])("%s has these fields", (line, fields) => {
    expect(fieldsOf(line)).toEqual(fields);
  });

  test.each(['a"b,c', '"a"b,c', '"a,b', 'a,"b""', '"'])("%s is refused for its quotes", (line) => {
    expect(fieldsOf(line)).toEqual({ problem: expect.stringContaining("quote") as string });
  });

  test("is refused when it is longer than any can be", () => {
    expect(fieldsOf("x".repeat(4_097))).toHaveProperty("problem");
  });

  test("that is written is read back as it was, however it arrives", async () => {
    const field = fc
      .string({ unit: "grapheme", maxLength: 12 })
      .filter((text) => !/[\r\n\uFEFF]/.test(text) && text.isWellFormed());
    const record = fc.array(field, { minLength: 2, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(record, { maxLength: 8 }),
        fc.integer({ min: 1, max: 40 }),
        async (records, size) => {
          const lines = await read(records.map(csvLine).join(""), size);
          expect(lines.map(({ fields }) => fields)).toEqual(records);
        },
      ),
    );
  });
});

describe("a file of comma-separated values", () => {
  test("counts its lines from 1, passes over empty ones, a byte order mark and CR LF", async () => {
    expect(await read("\uFEFFa,b\r\n\r\nc,d")).toEqual([
      { number: 1, fields: ["a", "b"] },
      { number: 3, fields: ["c", "d"] },
    ]);
  });

  test("that is not UTF-8 is refused with the line before", async () => {
    await expect(read(Buffer.from([0x61, 0x0a, 0xff, 0xfe]), 2)).rejects.toMatchObject({
      code: "CSV_UNREADABLE",
      details: { afterLine: 1 },
    });
    // A character that begins and never ends.
    await expect(read(Buffer.from([0x61, 0x0a, 0xc3]))).rejects.toMatchObject({ code: "CSV_UNREADABLE" });
  });

  test("whose line does not end is refused before it fills the memory", async () => {
    async function* endless() {
      for (;;) yield Buffer.alloc(1_024, "x");
    }
    const reading = (async () => {
      for await (const part of readCsv(endless())) expect(part).toEqual([]);
    })();
    await expect(reading).rejects.toMatchObject({
      code: "CSV_UNREADABLE",
      details: { reason: "a line does not end" },
    });
  });
});
