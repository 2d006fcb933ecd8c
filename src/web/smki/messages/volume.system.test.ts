import { expect, test } from "vitest";
import {
  type BatchedAnswer,
  type BatchedCsr,
  BatchResultReader,
  SubmitBatchReader,
  writeCompleteBatch,
  writeSubmitBatch,
} from "./index.ts";
import { submitBatchLimits } from "./submit-batch-reader.ts";

const maximumCsrs = 50_000;

function* csrs(count: number): Generator<BatchedCsr> {
  const request = Buffer.alloc(279, 7);
  for (let index = 0; index < count; index += 1) yield { clientId: `ID${String(index)}`, request };
}

/** Writes a batch into a reader, as a socket would. @returns the CSRs that were read, counted */
async function send(reader: SubmitBatchReader, count: number): Promise<number> {
  let read = 0;
  for await (const piece of writeSubmitBatch("b1999", csrs(count))) read += reader.write(piece).length;
  return read + reader.end().length;
}

test("a batch of 50,000 is read; of 50,001 it is refused, and known by its ID", async () => {
  expect(await send(new SubmitBatchReader({ maximumCsrs }), maximumCsrs)).toBe(maximumCsrs);
  const reader = new SubmitBatchReader({ maximumCsrs });
  await expect(send(reader, maximumCsrs + 1)).rejects.toMatchObject({ code: "BATCH_TOO_LARGE" });
  expect(reader.reference).toBe("b1999");
  expect(reader.count).toBe(maximumCsrs);
});

test("a document over its limit of octets is refused while it arrives, whatever it is made of", () => {
  const limits = { ...submitBatchLimits, maximumOctets: 4 * 1024 * 1024 };
  const reader = new SubmitBatchReader({ maximumCsrs, limits });
  reader.write(Buffer.from(`<SubmitCSRBatch ID="a"><Version>1.0</Version>`));
  const comments = Buffer.alloc(1024 * 1024, `<!--${"x".repeat(1017)}-->`);
  let megabytes = 0;
  expect(() => {
    for (; megabytes < 100; megabytes += 1) reader.write(comments);
  }).toThrow("larger than this address takes");
  expect(megabytes).toBe(3);
});

test("the result of 50,000 is written and read in pieces", async () => {
  function* groups(): Generator<BatchedAnswer[]> {
    for (const { clientId, request } of csrs(maximumCsrs))
      yield [{ clientId, answer: { status: "SUCCESS", certificate: request } }];
  }
  const reader = new BatchResultReader();
  let certificates = 0;
  let largest = 0;
  for await (const piece of writeCompleteBatch({ build: "1", batchId: "1" }, groups())) {
    largest = Math.max(largest, piece.length);
    certificates += reader.write(piece).length;
  }
  expect(reader.end().status).toBe("COMPLETED");
  expect(certificates).toBe(maximumCsrs);
  expect(largest).toBeLessThan(128 * 1024);
});
