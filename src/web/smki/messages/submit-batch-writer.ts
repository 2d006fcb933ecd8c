import { escapeXmlAttribute, xmlDeclaration } from "../../xml/index.ts";
import { interfaceVersion } from "./answer-elements.ts";
import { batchReferenceLimit, readCsrIdentifier, readReference } from "./identifiers.ts";
import type { BatchedCsr } from "./submit-batch-reader.ts";

/** Characters gathered before they are given on. */
const pieceLength = 64 * 1024;

/**
 * Writes SubmitCSRBatch piece by piece, as a client. Whether IDs are unique is the caller's to know.
 *
 * @throws SmkiError MESSAGE_REFERENCE_INVALID, MESSAGE_CSR_IDENTIFIER_INVALID, before anything of the CSR is written
 */
export async function* writeSubmitBatch(
  reference: string,
  csrs: Iterable<BatchedCsr> | AsyncIterable<BatchedCsr>,
): AsyncGenerator<Buffer> {
  const identifier = escapeXmlAttribute(readReference(reference, batchReferenceLimit));
  let piece = `${xmlDeclaration}<SubmitCSRBatch ID="${identifier}">\n<Version>${interfaceVersion}</Version>\n`;
  for await (const csr of csrs) {
    piece += `<DeviceCSR ID="${readCsrIdentifier(csr.clientId)}">${csr.request.toString("base64")}</DeviceCSR>\n`;
    if (piece.length < pieceLength) continue;
    yield Buffer.from(piece);
    piece = "";
  }
  yield Buffer.from(`${piece}</SubmitCSRBatch>\n`);
}
