import { randomBytes } from "node:crypto";
import type { Output } from "../../src/cli/output.ts";
import {
  type BatchedAnswer,
  type BatchedCsr,
  BatchResultReader,
  SubmitBatchReader,
  writeCompleteBatch,
  writeSubmitBatch,
} from "../../src/web/smki/messages/index.ts";
import { type BenchResult, type Measurement, median, rate, time } from "../report/measurement.ts";

const name = "messages";
const csrs = 50_000;
/** As long as a real Device CSR and a real Device Certificate; what they say is no matter of the messages. */
const csrOctets = 279;
const certificateOctets = 415;
const runs = 5;
/** As a socket gives them. */
const pieceOctets = 64 * 1024;

/** The two large messages of the Batched Device CSR Web Service, both ways, on one thread. */
export async function benchMessages(output: Output): Promise<BenchResult> {
  output.line(`making ${String(csrs)} CSRs and certificates ...`);
  const requests = octetsFor("ID", csrOctets).map(
    ([clientId, request]): BatchedCsr => ({ clientId, request }),
  );
  const answers = octetsFor("ID", certificateOctets).map(
    ([clientId, certificate]): BatchedAnswer => ({ clientId, answer: { status: "SUCCESS", certificate } }),
  );
  const batch = await gather(writeSubmitBatch("b1999", requests));
  const result = await gather(writeCompleteBatch({ build: "1", batchId: "1" }, [answers]));

  const read = runsOf(() => readBatch(batch, true));
  const parsed = runsOf(() => readBatch(batch, false));
  const readBack = runsOf(() => readResult(result));
  const base64 = requests.map(({ request }) => request.toString("base64"));
  const floor = runsOf(() => {
    for (const text of base64) Buffer.from(text, "base64");
  });
  const memory = memoryOf(batch);
  const floorOf = {
    name: "the Base64 of each CSR, decoded and nothing else",
    value: perSecond(batch, floor),
  };
  const figure = (title: string, octets: Buffer, seconds: readonly number[]): Measurement =>
    rate(title, perSecond(octets, seconds), "MB/s", floorOf);
  return {
    bench: name,
    measurements: [
      time("SubmitCSRBatch of 50,000, read", median(read), "s", undefined, 1),
      figure("the same", batch, read),
      figure("the same, every element through the XML parser", batch, parsed),
      figure("CSRBatchResult of 50,000, read", result, readBack),
      { name: "memory while a batch is read and not kept", value: memory, unit: "MB" },
    ],
    settings: { threads: 1, csrs, batchMegabytes: batch.length / 1e6, pieceOctets, time: "processor" },
    checks: [
      {
        name: "every CSR as it was written",
        holds:
          sameRequests(readBatch(batch, true), requests) && sameRequests(readBatch(batch, false), requests),
        found: `${String(csrs)} compared`,
      },
      { name: "every certificate", holds: readResult(result) === csrs, found: `${String(csrs)} counted` },
    ],
  };
}

const octetsFor = (prefix: string, length: number): [string, Buffer][] =>
  Array.from({ length: csrs }, (_, index) => [`${prefix}${String(index)}`, randomBytes(length)]);

async function gather(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

function* piecesOf(octets: Buffer): Generator<Buffer> {
  for (let at = 0; at < octets.length; at += pieceOctets) yield octets.subarray(at, at + pieceOctets);
}

function readBatch(octets: Buffer, takesRegularElements: boolean): BatchedCsr[] {
  const reader = new SubmitBatchReader({ maximumCsrs: csrs, takesRegularElements });
  const read: BatchedCsr[] = [];
  for (const piece of piecesOf(octets)) read.push(...reader.write(piece));
  read.push(...reader.end());
  return read;
}

function readResult(octets: Buffer): number {
  const reader = new BatchResultReader();
  let count = 0;
  for (const piece of piecesOf(octets)) count += reader.write(piece).length;
  reader.end();
  return count;
}

/** Seconds of the thread's processor time, of each run after the first two. */
function runsOf(work: () => void): number[] {
  const seconds: number[] = [];
  for (let run = 0; run < runs + 2; run += 1) {
    const before = process.threadCpuUsage();
    work();
    const { user, system } = process.threadCpuUsage(before);
    if (run >= 2) seconds.push((user + system) / 1e6);
  }
  return seconds;
}

const perSecond = (octets: Buffer, seconds: readonly number[]): number =>
  octets.length / 1e6 / median(seconds);

/** The most that is in memory above what was there before, at any of the pieces, in megabytes. */
function memoryOf(octets: Buffer): number {
  const used = () => {
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  globalThis.gc?.();
  const before = used();
  let most = 0;
  const reader = new SubmitBatchReader({ maximumCsrs: csrs });
  for (const piece of piecesOf(octets)) {
    reader.write(piece);
    most = Math.max(most, used() - before);
  }
  reader.end();
  return most / 1e6;
}

function sameRequests(left: readonly BatchedCsr[], right: readonly BatchedCsr[]): boolean {
  return (
    left.length === right.length &&
    left.every(
      ({ clientId, request }, index) =>
        clientId === right[index]?.clientId && request.equals(right[index].request),
    )
  );
}
