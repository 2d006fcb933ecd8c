import { SmkiError } from "../../../errors/smki-error.ts";
import {
  readXmlDocument,
  writeXmlDocument,
  type XmlElement,
  type XmlLimits,
  xmlElement,
} from "../../xml/index.ts";
import { csrAnswerElements, headElements, interfaceVersion } from "./answer-elements.ts";
import { type Base64Whitespace, decodeBase64Text } from "./base64-text.ts";
import { Children, invalid, positiveIntegerOf, requireVersion, textOf } from "./children.ts";
import { readCsrAnswer } from "./csr-answer.ts";
import { adHocReferenceLimit, readReference } from "./identifiers.ts";
import { reading } from "./reading.ts";
import { readRootAttributes } from "./root-attributes.ts";
import { type AdHocStatus, adHocStatuses, type CsrAnswer } from "./statuses.ts";

/** One CSR of 4,096 octets in Base64, and its message around it. */
export const adHocLimits: XmlLimits = {
  maximumOctets: 16 * 1024,
  maximumDepth: 4,
  maximumAttributes: 8,
  maximumTokenLength: 8192,
};

/** DeviceCertificateSigningRequest. */
export interface AdHocRequest {
  /** The client's own name for it, which the answer returns. */
  readonly reference: string;
  /** PKCS#10, DER, not yet looked at; may be empty. */
  readonly request: Buffer;
}

/** DeviceCertificateSigningResponse. */
export interface AdHocAnswer {
  /** That of the request, unless that was incorrectly formed. */
  readonly reference?: string | undefined;
  readonly build: string;
  /** The service's own number for the request, above zero, in decimal digits. */
  readonly transactionId: string;
  readonly answer: CsrAnswer<AdHocStatus>;
}

/**
 * Reads the body of a request to the Ad Hoc Device CSR Web Service (SEC Appendix M, Appendices A and B).
 *
 * @throws SmkiError XML_INVALID, REQUEST_TOO_LARGE, MESSAGE_INVALID, MESSAGE_VERSION_UNSUPPORTED,
 *   MESSAGE_REFERENCE_INVALID, MESSAGE_BASE64_INVALID
 */
export function readAdHocRequest(octets: Uint8Array, whitespace: Base64Whitespace = "refused"): AdHocRequest {
  return reading("message", () => {
    const root = readXmlDocument(octets, adHocLimits);
    const reference = readRoot(root, "DeviceCertificateSigningRequest");
    if (reference === undefined) throw new SmkiError("MESSAGE_REFERENCE_INVALID", { reference: "none" });
    const children = new Children(root);
    requireVersion(children.next("Version"));
    const text = textOf(children.next("CertificateSigningRequest"));
    children.end();
    return { reference, request: decodeBase64Text(text, whitespace) };
  });
}

/** Writes the body of such a request. */
export function writeAdHocRequest(reference: string, request: Uint8Array): string {
  return writeXmlDocument(
    xmlElement(
      "DeviceCertificateSigningRequest",
      [
        xmlElement("Version", interfaceVersion),
        xmlElement("CertificateSigningRequest", Buffer.from(request).toString("base64")),
      ],
      { ID: readReference(reference, adHocReferenceLimit) },
    ),
  );
}

/** Writes the answer, whatever became of the CSR. */
export function writeAdHocAnswer({ reference, build, transactionId, answer }: AdHocAnswer): string {
  return writeXmlDocument(
    xmlElement(
      "DeviceCertificateSigningResponse",
      [...headElements(build), xmlElement("TransactionId", transactionId), ...csrAnswerElements(answer)],
      { ID: reference },
    ),
  );
}

/** Reads such an answer, as a client. @throws SmkiError ANSWER_INVALID */
export function readAdHocAnswer(octets: Uint8Array, whitespace: Base64Whitespace = "collapsed"): AdHocAnswer {
  return reading("answer", () => {
    const root = readXmlDocument(octets, adHocLimits);
    const reference = readRoot(root, "DeviceCertificateSigningResponse");
    const children = new Children(root);
    requireVersion(children.next("Version"));
    const build = textOf(children.next("Build"));
    const transactionId = positiveIntegerOf(children.next("TransactionId"));
    const answer = readCsrAnswer(children, adHocStatuses, whitespace);
    children.end();
    return { reference, build, transactionId, answer };
  });
}

function readRoot(root: XmlElement, name: string): string | undefined {
  if (root.name !== name) throw invalid(`${name} expected as root, not ${root.name.slice(0, 80)}`);
  const reference = readRootAttributes(root.attributes);
  return reference === undefined ? undefined : readReference(reference, adHocReferenceLimit);
}
