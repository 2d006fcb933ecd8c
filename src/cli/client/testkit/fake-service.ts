import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import {
  type BatchedAnswer,
  type BatchedCsr,
  SubmitBatchReader,
  writeBatchRefusal,
  writeCompleteBatch,
  writeIncompleteBatch,
  writeSubmitBatchStatus,
} from "../../../web/smki/messages/index.ts";
import { makeServerCertificate } from "../../../web/tls/self-made-certificate.ts";
import { certificateFor } from "./csrs.ts";

type IncompleteStatus = Parameters<typeof writeIncompleteBatch>[1];

/** How a service differs from a good one; each is looked at when its moment comes. */
export interface Mischief {
  /** Answers a submission in place of the service; after the batch was taken in. */
  submit?: ((answer: ServerResponse, reference: string, batchId: string) => void) | undefined;
  /** Answers a question for a result in its place. */
  result?: ((answer: ServerResponse, batchId: string) => void) | undefined;
  /** What the result says of the CSRs, changed. */
  answers?: ((answers: BatchedAnswer[], csrs: readonly BatchedCsr[]) => BatchedAnswer[]) | undefined;
  /** What is said before the result. */
  statuses?: IncompleteStatus[];
}

/** A Batched Device CSR Web Service of another maker: one that may do anything. */
export interface FakeService extends Mischief {
  readonly url: string;
  readonly ca: string;
  /** The batches that it took in. */
  readonly batches: { readonly reference: string; readonly csrs: readonly BatchedCsr[] }[];
  readonly polls: string[];
  stop(): Promise<void>;
}

const type = { "content-type": "application/xml;charset=UTF-8" };

export async function fakeService(): Promise<FakeService> {
  const { certificate: cert, key, authority: ca } = makeServerCertificate(["127.0.0.1"], new Date());
  const service: FakeService = {
    url: "",
    ca,
    batches: [],
    polls: [],
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  const server = createServer({ cert, key }, (request, answer) => {
    const work = request.method === "POST" ? take(service, request, answer) : give(service, request, answer);
    // A client that breaks off is what some tests are about.
    work.catch(() => answer.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(service, {
    url: `https://127.0.0.1:${String((server.address() as AddressInfo).port)}/`,
  });
}

async function take(service: FakeService, request: IncomingMessage, answer: ServerResponse): Promise<void> {
  const reader = new SubmitBatchReader({ maximumCsrs: 50_000 });
  const csrs: BatchedCsr[] = [];
  for await (const octets of request as AsyncIterable<Buffer>) csrs.push(...reader.write(octets));
  csrs.push(...reader.end());
  const reference = reader.reference ?? "";
  service.batches.push({ reference, csrs });
  const batchId = String(100 + service.batches.length);
  if (service.submit !== undefined) {
    service.submit(answer, reference, batchId);
    return;
  }
  const outcome = { status: "PENDING", batchId } as const;
  answer.writeHead(200, type).end(writeSubmitBatchStatus({ reference, build: "1", outcome }));
}

async function give(service: FakeService, request: IncomingMessage, answer: ServerResponse): Promise<void> {
  const batchId = new URL(request.url ?? "", "https://x").searchParams.get("BatchId") ?? "";
  service.polls.push(batchId);
  if (service.result !== undefined) {
    service.result(answer, batchId);
    return;
  }
  answer.writeHead(200, type);
  const batch = service.batches[Number(batchId) - 101];
  if (batch === undefined) {
    const error = { code: "FM:AA3", text: "no such batch" };
    answer.end(writeBatchRefusal("1", "FORMAT_ERROR", error));
    return;
  }
  const head = { reference: batch.reference, build: "1", batchId };
  const status = service.statuses?.shift();
  if (status !== undefined) {
    answer.end(writeIncompleteBatch(head, status));
    return;
  }
  const good = batch.csrs.map(
    ({ clientId, request: csr }): BatchedAnswer => ({
      clientId,
      answer: { status: "SUCCESS", certificate: certificateFor(csr) },
    }),
  );
  const answers = service.answers?.(good, batch.csrs) ?? good;
  for await (const piece of writeCompleteBatch(head, [answers])) answer.write(piece);
  answer.end();
}
