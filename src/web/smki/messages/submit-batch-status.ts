import { readXmlDocument, smallDocument, writeXmlDocument, xmlElement } from "../../xml/index.ts";
import { errorElement, headElements } from "./answer-elements.ts";
import { Children, errorOf, invalid, oneOf, positiveIntegerOf, requireVersion, textOf } from "./children.ts";
import { batchReferenceLimit, readReference } from "./identifiers.ts";
import { reading } from "./reading.ts";
import { readRootAttributes } from "./root-attributes.ts";
import { type MessageError, type RefusalStatus, submissionStatuses } from "./statuses.ts";

/** SubmitCSRBatchStatus: the number of the batch that was accepted, or why none was. */
export interface SubmitBatchStatus {
  /** That of the batch, unless that was incorrectly formed. */
  readonly reference?: string | undefined;
  readonly build: string;
  readonly outcome:
    | { readonly status: "PENDING"; readonly batchId: string }
    | { readonly status: RefusalStatus; readonly error: MessageError };
}

/** Writes the answer to a batch (SEC Appendix M, Appendix C). */
export function writeSubmitBatchStatus({ reference, build, outcome }: SubmitBatchStatus): string {
  return writeXmlDocument(
    xmlElement(
      "SubmitCSRBatchStatus",
      [
        ...headElements(build),
        xmlElement("BatchStatus", outcome.status),
        "batchId" in outcome ? xmlElement("BatchId", outcome.batchId) : errorElement(outcome.error),
      ],
      { ID: reference },
    ),
  );
}

/** Reads that answer, as a client. @throws SmkiError ANSWER_INVALID */
export function readSubmitBatchStatus(octets: Uint8Array): SubmitBatchStatus {
  return reading("answer", () => {
    const root = readXmlDocument(octets, smallDocument);
    if (root.name !== "SubmitCSRBatchStatus")
      throw invalid(`SubmitCSRBatchStatus expected as root, not ${root.name.slice(0, 80)}`);
    const id = readRootAttributes(root.attributes);
    const reference = id === undefined ? undefined : readReference(id, batchReferenceLimit);
    const children = new Children(root);
    requireVersion(children.next("Version"));
    const build = textOf(children.next("Build"));
    const status = oneOf(children.next("BatchStatus"), submissionStatuses);
    const outcome =
      status === "PENDING"
        ? { status, batchId: positiveIntegerOf(children.next("BatchId")) }
        : { status, error: errorOf(children.next("Error")) };
    children.end();
    return { reference, build, outcome };
  });
}
