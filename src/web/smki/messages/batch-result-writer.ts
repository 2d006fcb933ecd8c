import {
  escapeXmlAttribute,
  escapeXmlText,
  writeXmlDocument,
  xmlDeclaration,
  xmlElement,
} from "../../xml/index.ts";
import { errorElement, headElements, interfaceVersion } from "./answer-elements.ts";
import type { CsrAnswer, CsrStatus, IncompleteStatus, MessageError, RefusalStatus } from "./statuses.ts";

/** What every CSRBatchResult says of its batch. */
export interface BatchHead {
  /** The batch's own ID, as its client gave it. */
  readonly reference?: string | undefined;
  readonly build: string;
  /** The number that the submission was answered with, in decimal digits. */
  readonly batchId: string;
}

/** What became of one CSR of a batch. */
export interface BatchedAnswer {
  /** The ID of the CSR. */
  readonly clientId: string;
  readonly answer: CsrAnswer<CsrStatus>;
}

/** Characters gathered before they are given on. */
const pieceLength = 64 * 1024;

/** Writes CSRBatchResult of a batch that is not complete, or never will be (SEC Appendix M, Appendix D). */
export function writeIncompleteBatch(
  { reference, build, batchId }: BatchHead,
  status: IncompleteStatus,
): string {
  return writeXmlDocument(
    xmlElement(
      "CSRBatchResult",
      [...headElements(build), xmlElement("BatchStatus", status), xmlElement("BatchId", batchId)],
      { ID: reference },
    ),
  );
}

/** Writes CSRBatchResult where there is nothing to tell of a batch: the same for one that is another's and for none. */
export function writeBatchRefusal(build: string, status: RefusalStatus, error: MessageError): string {
  return writeXmlDocument(
    xmlElement("CSRBatchResult", [
      ...headElements(build),
      xmlElement("BatchStatus", status),
      errorElement(error),
    ]),
  );
}

/**
 * Writes CSRBatchResult of a complete batch piece by piece, in constant memory.
 *
 * @param answers - of all CSRs, in any groups
 */
export async function* writeCompleteBatch(
  { reference, build, batchId }: BatchHead,
  answers: AsyncIterable<readonly BatchedAnswer[]> | Iterable<readonly BatchedAnswer[]>,
): AsyncGenerator<Buffer> {
  const id = reference === undefined ? "" : ` ID="${escapeXmlAttribute(reference)}"`;
  let piece =
    `${xmlDeclaration}<CSRBatchResult${id}><Version>${interfaceVersion}</Version><Build>${escapeXmlText(build)}</Build>` +
    `<BatchStatus>COMPLETED</BatchStatus><BatchId>${batchId}</BatchId>\n`;
  for await (const group of answers)
    for (const answer of group) {
      piece += answerText(answer);
      if (piece.length < pieceLength) continue;
      yield Buffer.from(piece);
      piece = "";
    }
  yield Buffer.from(`${piece}</CSRBatchResult>\n`);
}

/** Written by hand: there are very many. `batch-result-reader.ts` recognises this form of a success. */
function answerText({ clientId, answer }: BatchedAnswer): string {
  return (
    `<DeviceCertificate ID="${escapeXmlAttribute(clientId)}"><Status>${answer.status}</Status>` +
    ("certificate" in answer
      ? `<Certificate>${Buffer.from(answer.certificate).toString("base64")}</Certificate>`
      : `<Error><ErrorCode>${answer.error.code}</ErrorCode><ErrorText>${escapeXmlText(answer.error.text)}</ErrorText></Error>`) +
    "</DeviceCertificate>\n"
  );
}
