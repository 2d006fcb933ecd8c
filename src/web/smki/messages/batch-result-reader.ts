import { type RegularElements, type XmlElement, type XmlListLimits, xmlListReader } from "../../xml/index.ts";
import { type Base64Whitespace, decodeBase64Text } from "./base64-text.ts";
import type { BatchedAnswer } from "./batch-result-writer.ts";
import { Children, errorOf, invalid, oneOf, positiveIntegerOf, requireVersion, textOf } from "./children.ts";
import { readCsrAnswer } from "./csr-answer.ts";
import { batchReferenceLimit, readCsrIdentifier, readReference } from "./identifiers.ts";
import { reading } from "./reading.ts";
import { readRootAttributes } from "./root-attributes.ts";
import { type BatchStatus, batchStatuses, csrStatuses, type MessageError } from "./statuses.ts";

/** 50,000 certificates have about 35 MB in this form; another service may write more around them. */
const batchResultLimits: XmlListLimits = {
  maximumOctets: 256 * 1024 * 1024,
  maximumDepth: 4,
  maximumAttributes: 8,
  maximumTokenLength: 16 * 1024,
  maximumElementsOfChild: 5,
};

/** What a CSRBatchResult says of the whole of its batch. */
export interface BatchResultHead {
  readonly reference?: string | undefined;
  readonly build: string;
  readonly status: BatchStatus;
  readonly batchId?: string | undefined;
  /** With FORMAT_ERROR and WORKFLOW_ERROR. */
  readonly error?: MessageError | undefined;
}

const regularForm =
  /([ \t\r\n]*)<DeviceCertificate ID="([A-Z_a-z][A-Z_a-z0-9.-]{0,99})">[ \t\r\n]*<Status>SUCCESS<\/Status>[ \t\r\n]*<Certificate>([A-Za-z0-9+/]+={0,2})<\/Certificate>[ \t\r\n]*<\/DeviceCertificate>/y;

/** Reads CSRBatchResult as it arrives, as a client: certificates are given on as they come. */
export class BatchResultReader {
  readonly #reader: ReturnType<typeof xmlListReader>;
  readonly #whitespace: Base64Whitespace;
  readonly #identifiers = new Set<string>();
  #reference: string | undefined;
  #build: string | undefined;
  #hasVersion = false;
  #status: BatchStatus | undefined;
  #batchId: string | undefined;
  #error: MessageError | undefined;
  #read: BatchedAnswer[] = [];

  /** @param takesRegularElements - false has every element go through the XML parser; the result is the same */
  constructor(
    whitespace: Base64Whitespace = "collapsed",
    limits: XmlListLimits = batchResultLimits,
    takesRegularElements = true,
  ) {
    this.#whitespace = whitespace;
    const regular: RegularElements = {
      pattern: regularForm,
      endTag: "</DeviceCertificate>",
      take: ([, , identifier = "", base64 = ""]) => {
        if (this.#batchId === undefined || base64.length > limits.maximumTokenLength) return false;
        this.#take(identifier, { status: "SUCCESS", certificate: decodeBase64Text(base64, "refused") });
        return true;
      },
    };
    this.#reader = xmlListReader(
      {
        onRoot: (name, attributes) => {
          if (name !== "CSRBatchResult")
            throw invalid(`CSRBatchResult expected as root, not ${name.slice(0, 80)}`);
          const id = readRootAttributes(attributes);
          if (id !== undefined) this.#reference = readReference(id, batchReferenceLimit);
        },
        onChild: (child) => {
          this.#takeChild(child);
        },
      },
      limits,
      takesRegularElements ? regular : undefined,
    );
  }

  /** What became of the CSRs that are complete now and were not before. @throws SmkiError ANSWER_INVALID */
  write(octets: Uint8Array): BatchedAnswer[] {
    reading("answer", () => {
      this.#reader.write(octets);
    });
    return this.#takeRead();
  }

  /** The document is complete. @returns what it says of the whole batch @throws SmkiError ANSWER_INVALID */
  end(): BatchResultHead {
    return reading("answer", () => {
      this.#reader.end();
      const [build, status] = [this.#build, this.#status];
      if (build === undefined || status === undefined)
        throw invalid("BatchStatus expected in CSRBatchResult");
      if (isRefusal(status) !== (this.#error !== undefined))
        throw invalid(`${status} ${this.#error === undefined ? "without" : "with"} Error`);
      return { reference: this.#reference, build, status, batchId: this.#batchId, error: this.#error };
    });
  }

  #takeRead(): BatchedAnswer[] {
    const read = this.#read;
    this.#read = [];
    return read;
  }

  /** Version, Build, BatchStatus, then Error, or BatchId and what became of each CSR, or nothing. */
  #takeChild(child: XmlElement): void {
    if (!this.#hasVersion) {
      requireVersion(named("Version", child));
      this.#hasVersion = true;
    } else if (this.#build === undefined) this.#build = textOf(named("Build", child));
    else if (this.#status === undefined) this.#status = oneOf(named("BatchStatus", child), batchStatuses);
    else if (this.#error !== undefined) throw invalid(`${child.name.slice(0, 40)} after Error`);
    else if (this.#batchId === undefined && child.name === "Error") this.#error = errorOf(child);
    else if (this.#batchId === undefined) this.#batchId = positiveIntegerOf(named("BatchId", child));
    else this.#takeCertificate(named("DeviceCertificate", child));
  }

  #takeCertificate(element: XmlElement): void {
    const { ID: identifier, ...others } = element.attributes;
    const [other] = Object.keys(others);
    if (other !== undefined) throw invalid(`attribute ${other.slice(0, 40)} of DeviceCertificate`);
    const children = new Children(element);
    const answer = readCsrAnswer(children, csrStatuses, this.#whitespace);
    children.end();
    this.#take(readCsrIdentifier(identifier), answer);
  }

  #take(identifier: string, answer: BatchedAnswer["answer"]): void {
    if (this.#status !== "COMPLETED") throw invalid(`DeviceCertificate with ${String(this.#status)}`);
    if (this.#identifiers.has(identifier)) throw invalid(`DeviceCertificate ${identifier} given twice`);
    this.#identifiers.add(identifier);
    this.#read.push({ clientId: identifier, answer });
  }
}

function named(name: string, element: XmlElement): XmlElement {
  if (element.name !== name) throw invalid(`${name} expected, found ${element.name.slice(0, 40)}`);
  return element;
}

const isRefusal = (status: BatchStatus): boolean => status === "FORMAT_ERROR" || status === "WORKFLOW_ERROR";
