import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import {
  asBuffer,
  contextConstructed,
  type DerReader,
  readDer,
  readOctetAlignedBitString,
  readOid,
  readSmallInteger,
  Tag,
} from "../der/index.ts";
import {
  type Extension,
  readAlgorithmIdentifier,
  readExtension,
  readName,
  readSubjectPublicKeyInfo,
} from "../syntax/index.ts";
import { Oids } from "../vocabulary/index.ts";
import type { CertificationRequest } from "./certification-request.ts";
import { csrOctetLimit } from "./decode-text.ts";

/**
 * Parses one certification request, strictly: DER only, version 0, nothing after the end (RFC 2986 section 4).
 * Attributes other than extensionRequest are passed over: no request can put anything else into a certificate.
 *
 * @param der - the octets of a CertificationRequest; the result keeps views into them, so they must not change
 * @throws SmkiError CSR_EMPTY, CSR_TOO_LARGE, CSR_MALFORMED, CSR_VERSION_UNSUPPORTED, CSR_ATTRIBUTE_DUPLICATED,
 * CSR_EXTENSION_DUPLICATED
 */
export function parseCsr(der: Uint8Array): CertificationRequest {
  if (der.length === 0) throw new SmkiError("CSR_EMPTY");
  if (der.length > csrOctetLimit) throw new SmkiError("CSR_TOO_LARGE", { octets: der.length });
  const whole = asBuffer(der);
  return asCsrError(() =>
    readDer(whole, (reader) =>
      reader.sequence((request) => {
        const from = request.offset;
        const info = request.sequence(readInfo);
        const infoOctets = request.since(from);
        const signatureAlgorithm = readAlgorithmIdentifier(request);
        const signatureValue = readOctetAlignedBitString(request);
        return { der: whole, info: infoOctets, ...info, signatureAlgorithm, signatureValue };
      }),
    ),
  );
}

/**
 * Runs `read`, with what is wrong in the DER told as CSR_MALFORMED: whoever sent the request
 * needs one code to look for. The details name the DER rule and the offset.
 */
export function asCsrError<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!isSmkiError(error) || error.code.startsWith("CSR_")) throw error;
    throw new SmkiError("CSR_MALFORMED", { reason: error.code, ...error.details }, { cause: error });
  }
}

function readInfo(reader: DerReader) {
  const version = readSmallInteger(reader);
  if (version !== 0) throw new SmkiError("CSR_VERSION_UNSUPPORTED", { version });
  const subject = readName(reader);
  const subjectPublicKeyInfo = readSubjectPublicKeyInfo(reader);
  const extensions = reader.constructed(contextConstructed(0), readAttributes);
  return { subject, subjectPublicKeyInfo, extensions };
}

/**
 * Reads `[0] IMPLICIT SET OF Attribute`, which is mandatory but may be empty. The order of the attributes is not
 * judged: tools write them as they come, and nothing of the set is signed again.
 */
function readAttributes(attributes: DerReader): readonly Extension[] {
  let requested: readonly Extension[] | undefined;
  while (!attributes.atEnd) {
    attributes.sequence((attribute) => {
      if (readOid(attribute) !== Oids.extensionRequest) {
        attribute.element();
        return;
      }
      if (requested !== undefined) throw new SmkiError("CSR_ATTRIBUTE_DUPLICATED");
      requested = attribute.constructed(Tag.set, readRequestedExtensions);
    });
  }
  return requested ?? [];
}

/** Reads the one value of extensionRequest (RFC 2985: SINGLE VALUE TRUE). */
function readRequestedExtensions(values: DerReader): readonly Extension[] {
  const extensions = values.sequenceOf(readExtension);
  if (!values.atEnd) throw new SmkiError("CSR_ATTRIBUTE_DUPLICATED");
  extensions.forEach(({ id }, index) => {
    if (extensions.findIndex((other) => other.id === id) !== index) {
      throw new SmkiError("CSR_EXTENSION_DUPLICATED", { extension: id });
    }
  });
  return extensions;
}
