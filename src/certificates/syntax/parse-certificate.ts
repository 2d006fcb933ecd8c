import { SmkiError } from "../../errors/smki-error.ts";
import {
  asBuffer,
  contextConstructed,
  contextPrimitive,
  type DerReader,
  readDer,
  readIntegerOctets,
  readOctetAlignedBitString,
  readSmallInteger,
  readTime,
} from "../der/index.ts";
import { readAlgorithmIdentifier } from "./algorithm-identifier.ts";
import type { Certificate, SubjectPublicKeyInfo, Validity } from "./certificate.ts";
import { type Extension, readExtensions } from "./extension.ts";
import { readName } from "./name.ts";

/** An ordinary certificate has 400 to 1,500 octets; this is far above any and far below what could hurt. */
const maximumSize = 16_384;

/**
 * Parses one certificate, strictly: DER only, nothing after the end (RFC 5280 4.1, X.690).
 *
 * @param der - the octets of a Certificate; the result keeps views into them, so they must not change
 * @throws SmkiError with a `DER_` code, CERTIFICATE_VERSION_INVALID or CERTIFICATE_EXTENSIONS_INVALID
 */
export function parseCertificate(der: Uint8Array): Certificate {
  const whole = asBuffer(der);
  return readDer(
    whole,
    (reader) =>
      reader.sequence((certificate) => {
        const from = certificate.offset;
        const toBeSigned = certificate.sequence(readToBeSigned);
        const tbs = certificate.since(from);
        const signatureAlgorithm = readAlgorithmIdentifier(certificate);
        const signatureValue = readOctetAlignedBitString(certificate);
        return { der: whole, tbs, ...toBeSigned, signatureAlgorithm, signatureValue };
      }),
    { maximumSize },
  );
}

/** What a TBSCertificate holds: a {@link Certificate} without the parts that only signing adds. */
export type ToBeSigned = Omit<Certificate, "der" | "tbs" | "signatureAlgorithm" | "signatureValue">;

/** Parses one TBSCertificate that is not signed yet, as strictly as {@link parseCertificate}. */
export function parseTbsCertificate(tbs: Uint8Array): ToBeSigned {
  return readDer(tbs, (reader) => reader.sequence(readToBeSigned), { maximumSize });
}

function readToBeSigned(reader: DerReader): ToBeSigned {
  const version = readVersion(reader);
  const serialNumber = readIntegerOctets(reader);
  const tbsSignatureAlgorithm = readAlgorithmIdentifier(reader);
  const issuer = readName(reader);
  const validity = reader.sequence(readValidity);
  const subject = readName(reader);
  const subjectPublicKeyInfo = readSubjectPublicKeyInfo(reader);
  const hasUniqueIdentifiers = skipUniqueIdentifiers(reader, version);
  const extensions = readOptionalExtensions(reader, version);
  return {
    version,
    serialNumber,
    tbsSignatureAlgorithm,
    issuer,
    validity,
    subject,
    subjectPublicKeyInfo,
    hasUniqueIdentifiers,
    extensions,
  };
}

/** Reads `[0] EXPLICIT Version DEFAULT v1`. */
function readVersion(reader: DerReader): 1 | 2 | 3 {
  if (!reader.next(contextConstructed(0))) return 1;
  const offset = reader.offset;
  switch (reader.constructed(contextConstructed(0), (inner) => readSmallInteger(inner))) {
    case 0:
      throw new SmkiError("DER_DEFAULT_ENCODED", { offset });
    case 1:
      return 2;
    case 2:
      return 3;
    default:
      throw new SmkiError("CERTIFICATE_VERSION_INVALID", { offset });
  }
}

function readValidity(reader: DerReader): Validity {
  return { notBefore: readTime(reader), notAfter: readTime(reader) };
}

/** Reads a SubjectPublicKeyInfo; which algorithm and whether the key is good is for `keys/` to say. */
export function readSubjectPublicKeyInfo(reader: DerReader): SubjectPublicKeyInfo {
  const from = reader.offset;
  const parts = reader.sequence((inner) => ({
    algorithm: readAlgorithmIdentifier(inner),
    publicKey: readOctetAlignedBitString(inner),
  }));
  return { der: reader.since(from), ...parts };
}

/** Unique identifiers are of v2 and v3 (RFC 5280 4.1.2.8). */
function skipUniqueIdentifiers(reader: DerReader, version: number): boolean {
  let found = false;
  for (const number of [1, 2]) {
    if (!reader.next(contextPrimitive(number))) continue;
    if (version === 1) throw new SmkiError("CERTIFICATE_VERSION_INVALID", { offset: reader.offset });
    readOctetAlignedBitString(reader, contextPrimitive(number));
    found = true;
  }
  return found;
}

/** Extensions are of v3 only (RFC 5280 4.1.2.9). */
function readOptionalExtensions(reader: DerReader, version: number): readonly Extension[] {
  if (!reader.next(contextConstructed(3))) return [];
  if (version !== 3) throw new SmkiError("CERTIFICATE_VERSION_INVALID", { offset: reader.offset });
  return reader.constructed(contextConstructed(3), readExtensions);
}
