import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isSmkiError } from "../../../errors/smki-error.ts";
import {
  type BatchedAnswer,
  BatchResultReader,
  batchRefusal,
  readSubmitBatchStatus,
  writeBatchRefusal,
  writeCompleteBatch,
  writeIncompleteBatch,
  writeSubmitBatchStatus,
} from "./index.ts";
import { answers, build, mutatedResult } from "./messages.testdata.ts";
import { incompleteStatuses } from "./statuses.ts";

function refusalOf(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    if (isSmkiError(error, "ANSWER_INVALID")) return error.message;
    throw error;
  }
}

describe("the answer to a batch", () => {
  test("is read back as it was written", () => {
    const refusal = batchRefusal({ code: "BATCH_TOO_LARGE", details: { maximum: 50_000 } }, "submission");
    for (const outcome of [{ status: "PENDING", batchId: "1234" } as const, refusal])
      for (const reference of ["b1999", undefined]) {
        const status = { reference, build, outcome };
        expect(readSubmitBatchStatus(Buffer.from(writeSubmitBatchStatus(status)))).toEqual(status);
      }
  });

  test.each([
    ["accepted without a number", "<BatchStatus>PENDING</BatchStatus>"],
    ["a number that is none", "<BatchStatus>PENDING</BatchStatus><BatchId>0</BatchId>"],
    ["a status of the result", "<BatchStatus>QUEUED</BatchStatus><BatchId>1</BatchId>"],
    ["refused with a number", "<BatchStatus>FORMAT_ERROR</BatchStatus><BatchId>1</BatchId>"],
  ])("is refused with %s", (_, rest) => {
    const octets = `<SubmitCSRBatchStatus><Version>1.0</Version><Build>1</Build>${rest}</SubmitCSRBatchStatus>`;
    expect(refusalOf(() => readSubmitBatchStatus(Buffer.from(octets)))).toBeDefined();
  });
});

/** Reads a result in pieces. */
function read(octets: Uint8Array, cuts: readonly number[] = [], takesRegularElements = true) {
  const reader = new BatchResultReader("collapsed", undefined, takesRegularElements);
  const told: BatchedAnswer[] = [];
  let start = 0;
  const ends = cuts.map((cut) => cut % (octets.length + 1)).sort((left, right) => left - right);
  for (const end of [...ends, octets.length]) {
    told.push(...reader.write(octets.subarray(start, end)));
    start = Math.max(start, end);
  }
  return { head: reader.end(), answers: told };
}

async function complete(of: readonly BatchedAnswer[], reference?: string): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of writeCompleteBatch({ reference, build, batchId: "7" }, [of])) pieces.push(piece);
  return Buffer.concat(pieces);
}

describe("the result of a batch", () => {
  test("that is complete is read back, certificate by certificate", async () => {
    const head = { reference: "b<1>", build, status: "COMPLETED", batchId: "7", error: undefined };
    expect(read(await complete(answers, "b<1>"))).toEqual({
      head,
      // XML has no way to write U+0001.
      answers: JSON.parse(JSON.stringify(answers).replaceAll("\\u0001", "\ufffd"), revive) as unknown,
    });
  });

  test("of a batch without certificates, or that is not complete, is read back", () => {
    for (const status of incompleteStatuses)
      expect(
        read(Buffer.from(writeIncompleteBatch({ reference: "b", build, batchId: "7" }, status))),
      ).toEqual({
        head: { reference: "b", build, status, batchId: "7", error: undefined },
        answers: [],
      });
  });

  test("says the same of another Party's batch and of none", () => {
    const { status, error } = batchRefusal({ code: "BATCH_NOT_FOUND", details: { batch: 7 } }, "query");
    expect([status, error.code]).toEqual(["FORMAT_ERROR", "FM:AA3"]);
    expect(read(Buffer.from(writeBatchRefusal(build, status, error)))).toEqual({
      head: { reference: undefined, build, status, batchId: undefined, error },
      answers: [],
    });
  });

  const result = (rest: string) =>
    Buffer.from(`<CSRBatchResult><Version>1.0</Version><Build>1</Build>${rest}</CSRBatchResult>`);
  const done = "<BatchStatus>COMPLETED</BatchStatus><BatchId>1</BatchId>";
  const one = (id: string) =>
    `<DeviceCertificate ID="${id}"><Status>SUCCESS</Status><Certificate>AAAA</Certificate></DeviceCertificate>`;
  test.each([
    ["a certificate given twice", done + one("a") + one("a")],
    ["a certificate of an incomplete batch", done.replace("COMPLETED", "QUEUED") + one("a")],
    ["a certificate before the number", one("a")],
    ["no status", ""],
    ["an error and a number", `${done}<Error><ErrorCode>FM:1</ErrorCode><ErrorText/></Error>`],
    ["a refusal without an error", "<BatchStatus>FORMAT_ERROR</BatchStatus>"],
    [
      "a certificate with very many elements",
      `${done}<DeviceCertificate ID="a">${"<a/>".repeat(99)}</DeviceCertificate>`,
    ],
    ["no end", `${done}<!--`],
  ])("is refused with %s", (_, rest) => {
    for (const takesRegular of [true, false])
      expect(refusalOf(() => read(result(rest), [], takesRegular))).toBeDefined();
  });

  test("is refused with a certificate in the place of an element before it, wherever it is cut", () => {
    for (const missing of ["<Version>1.0</Version>", "<Build>1</Build>", "<BatchId>1</BatchId>"]) {
      const octets = Buffer.from(
        result(done + one("a"))
          .toString()
          .replace(missing, ""),
      );
      for (let cut = 0; cut < octets.length; cut += 1)
        expect(refusalOf(() => read(octets, [cut]))).toBeDefined();
    }
  });

  test("is the same with and without the parser for its regular elements, wherever it is cut", () => {
    const seen = { taken: 0, refused: 0 };
    fc.assert(
      fc.property(mutatedResult, fc.array(fc.nat(5000), { maxLength: 6 }), (octets, cuts) => {
        const outcome = (takesRegular: boolean) => {
          let told: unknown;
          const refused = refusalOf(() => {
            told = read(octets, cuts, takesRegular);
          });
          return { refused: refused !== undefined, told };
        };
        const slow = outcome(false);
        expect(outcome(true)).toEqual(slow);
        seen[slow.refused ? "refused" : "taken"] += 1;
      }),
      { numRuns: 2500 },
    );
    expect(Math.min(seen.taken, seen.refused)).toBeGreaterThan(100);
  });
});

/** Octets come back from JSON as octets. */
function revive(_: string, value: unknown): unknown {
  const { type, data } = (value ?? {}) as { type?: unknown; data?: unknown };
  return type === "Buffer" ? Buffer.from(data as number[]) : value;
}
