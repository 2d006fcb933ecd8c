import { SmkiError } from "../../../errors/smki-error.ts";
import { type RegularElements, type XmlElement, type XmlListLimits, xmlListReader } from "../../xml/index.ts";
import { type Base64Whitespace, decodeBase64Text } from "./base64-text.ts";
import { invalid, requireVersion, textOfLeaf } from "./children.ts";
import { batchReferenceLimit, readCsrIdentifier, readReference } from "./identifiers.ts";
import { readRootAttributes } from "./root-attributes.ts";

/** 50,000 Device CSRs have about 25 MB; the rest is room for longer names and white space. */
export const submitBatchLimits: XmlListLimits = {
  maximumOctets: 64 * 1024 * 1024,
  maximumDepth: 2,
  maximumAttributes: 8,
  maximumTokenLength: 8192,
  maximumElementsOfChild: 1,
};

/** One CSR of a batch. */
export interface BatchedCsr {
  /** The client's own name for it, unique in its batch. */
  readonly clientId: string;
  /** PKCS#10, DER, not yet looked at; may be empty. */
  readonly request: Buffer;
}

/** How a batch is read. */
export interface SubmitBatchOptions {
  /** SEC L8.2; refused as soon as one more is seen. */
  readonly maximumCsrs: number;
  readonly whitespace?: Base64Whitespace;
  readonly limits?: XmlListLimits;
  /** False has every element go through the XML parser. For tests: the result is the same. */
  readonly takesRegularElements?: boolean;
}

/** The form in which nearly every client writes a CSR. Its ID, so written, is one that `readCsrIdentifier` takes. */
const regularForm =
  /([ \t\r\n]*)<DeviceCSR ID=(?:"([A-Z_a-z][A-Z_a-z0-9.-]{0,99})"|'([A-Z_a-z][A-Z_a-z0-9.-]{0,99})')>([A-Za-z0-9+/]*={0,2})<\/DeviceCSR>/y;

/**
 * Reads SubmitCSRBatch (SEC Appendix M, Appendices C and E) as it arrives, in memory that the number of its CSRs decides
 * only by their IDs. Nothing is good until `end` has returned: the last octet can make the document invalid.
 *
 * @example
 * ```ts
 * const reader = new SubmitBatchReader({ maximumCsrs: 50_000 });
 * for await (const octets of body) await store(reader.write(octets));
 * await store(reader.end());
 * ```
 */
export class SubmitBatchReader {
  readonly #reader: ReturnType<typeof xmlListReader>;
  readonly #maximumCsrs: number;
  readonly #whitespace: Base64Whitespace;
  readonly #identifiers = new Set<string>();
  #reference: string | undefined;
  #hasVersion = false;
  #read: BatchedCsr[] = [];

  constructor({
    maximumCsrs,
    whitespace = "refused",
    limits = submitBatchLimits,
    takesRegularElements = true,
  }: SubmitBatchOptions) {
    this.#maximumCsrs = maximumCsrs;
    this.#whitespace = whitespace;
    const regular: RegularElements = {
      pattern: regularForm,
      endTag: "</DeviceCSR>",
      take: ([, , quoted, apostrophed, base64 = ""]) => {
        // Behind another child of the root, so that there was a Version. What is too long, the parser refuses.
        if (base64.length > limits.maximumTokenLength) return false;
        this.#takeCsr(quoted ?? apostrophed ?? "", base64);
        return true;
      },
    };
    this.#reader = xmlListReader(
      {
        onRoot: (name, attributes) => {
          if (name !== "SubmitCSRBatch")
            throw invalid(`SubmitCSRBatch expected as root, not ${name.slice(0, 80)}`);
          const reference = readRootAttributes(attributes);
          if (reference === undefined)
            throw new SmkiError("MESSAGE_REFERENCE_INVALID", { reference: "none" });
          this.#reference = readReference(reference, batchReferenceLimit);
        },
        onChild: (child) => {
          this.#takeChild(child);
        },
      },
      limits,
      takesRegularElements ? regular : undefined,
    );
  }

  /** The batch's own ID, as soon as it was read. A refusal returns it only if the document was correctly formed. */
  get reference(): string | undefined {
    return this.#reference;
  }

  /** CSRs read until now. */
  get count(): number {
    return this.#identifiers.size;
  }

  /**
   * Reads on.
   *
   * @returns the CSRs that are complete now and were not before, in their order
   * @throws SmkiError XML_INVALID, REQUEST_TOO_LARGE, MESSAGE_INVALID, MESSAGE_VERSION_UNSUPPORTED, MESSAGE_REFERENCE_INVALID,
   *   MESSAGE_CSR_IDENTIFIER_INVALID, MESSAGE_CSR_IDENTIFIER_REPEATED, MESSAGE_BASE64_INVALID, BATCH_TOO_LARGE
   */
  write(octets: Uint8Array): BatchedCsr[] {
    this.#reader.write(octets);
    return this.#takeRead();
  }

  /** The document is complete. @returns the last CSRs @throws as `write` does, and SmkiError BATCH_EMPTY */
  end(): BatchedCsr[] {
    this.#reader.end();
    if (!this.#hasVersion) throw invalid("Version expected in SubmitCSRBatch");
    if (this.count === 0) throw new SmkiError("BATCH_EMPTY");
    return this.#takeRead();
  }

  #takeRead(): BatchedCsr[] {
    const read = this.#read;
    this.#read = [];
    return read;
  }

  #takeChild(child: XmlElement): void {
    if (!this.#hasVersion) {
      if (child.name !== "Version") throw invalid(`Version expected, found ${child.name.slice(0, 40)}`);
      requireVersion(child);
      this.#hasVersion = true;
      return;
    }
    if (child.name !== "DeviceCSR") throw invalid(`DeviceCSR expected, found ${child.name.slice(0, 40)}`);
    const { ID: identifier, ...others } = child.attributes;
    const [other] = Object.keys(others);
    if (other !== undefined) throw invalid(`attribute ${other.slice(0, 40)} of DeviceCSR`);
    this.#takeCsr(identifier, textOfLeaf(child));
  }

  #takeCsr(written: string | undefined, base64: string): void {
    if (this.count >= this.#maximumCsrs)
      throw new SmkiError("BATCH_TOO_LARGE", { maximum: this.#maximumCsrs });
    const identifier = readCsrIdentifier(written);
    if (this.#identifiers.has(identifier))
      throw new SmkiError("MESSAGE_CSR_IDENTIFIER_REPEATED", { identifier });
    const request = decodeBase64Text(base64, this.#whitespace, { identifier });
    this.#identifiers.add(identifier);
    this.#read.push({ clientId: identifier, request });
  }
}
