import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import {
  asBuffer,
  contextConstructed,
  type DerReader,
  readDer,
  readIntegerOctets,
  readOctetAlignedBitString,
  readSmallInteger,
  readTime,
  Tag,
  type Time,
} from "../der/index.ts";
import {
  type AlgorithmIdentifier,
  type Extension,
  type Name,
  readAlgorithmIdentifier,
  readExtensions,
  readName,
} from "../syntax/index.ts";

/** The largest list that is read, in octets: a list of a million entries has 50 MB. */
export const crlOctetLimit: number = 64 * 1024 * 1024;

/** One entry of a list as it is written. */
export interface CrlEntry {
  /** Contents octets of the INTEGER. */
  readonly serialNumber: Buffer;
  readonly revocationDate: Time;
  readonly extensions: readonly Extension[];
}

/**
 * A certificate revocation list as it is written (RFC 5280 5.1), strict DER. Whether it is of the SMKI's profile is for
 * `lintCrl` and {@link readCrlFields} to say; nothing has been verified. All buffers are views into what was parsed.
 */
export interface CertificateList {
  /** The whole list. */
  readonly der: Buffer;
  /** The whole TBSCertList element: the octets that the signature is over. */
  readonly tbs: Buffer;
  readonly version: 1 | 2;
  readonly tbsSignatureAlgorithm: AlgorithmIdentifier;
  readonly issuer: Name;
  readonly thisUpdate: Time;
  readonly nextUpdate: Time | undefined;
  /** In the order encoded; empty when there is no revokedCertificates. */
  readonly entries: readonly CrlEntry[];
  /** True when revokedCertificates is there but empty, which RFC 5280 5.1.2.6 forbids. */
  readonly hasEmptyEntries: boolean;
  /** In the order encoded. */
  readonly extensions: readonly Extension[];
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signatureValue: Buffer;
}

/** What a TBSCertList holds: a {@link CertificateList} without the parts that only signing adds. */
export type ToBeSignedList = Omit<CertificateList, "der" | "tbs" | "signatureAlgorithm" | "signatureValue">;

/** Parses one TBSCertList that is not signed yet, as strictly as {@link parseCrl}. @throws SmkiError CRL_MALFORMED */
export function parseTbsCrl(tbs: Uint8Array): ToBeSignedList {
  return readingList(tbs, (reader) => reader.sequence((inner) => readToBeSigned(inner)));
}

/**
 * Parses one CRL or ARL, strictly: DER only, nothing after the end.
 *
 * @param der - the octets of a CertificateList; the result keeps views into them, so they must not change
 * @throws SmkiError CRL_MALFORMED, with the DER rule and the offset in its details
 */
export function parseCrl(der: Uint8Array): CertificateList {
  const whole = asBuffer(der);
  return readingList(whole, (reader) => reader.sequence((list) => readList(whole, list)));
}

/**
 * As {@link parseTbsCrl}, in parts of some milliseconds: of 100,000 entries the whole takes a tenth of a second.
 *
 * @param between - awaited after each part but the last, so that the process can turn to what else it has to do
 */
export async function parseTbsCrlInParts(
  tbs: Uint8Array,
  between: () => Promise<void>,
): Promise<ToBeSignedList> {
  let contents: Buffer | undefined;
  const list = readingList(tbs, (reader) =>
    reader.sequence((inner) =>
      readToBeSigned(inner, (revoked) => {
        contents = revoked.contents(Tag.sequence);
        return [];
      }),
    ),
  );
  if (contents === undefined || contents.length === 0) return list;
  const entries: CrlEntry[] = [];
  for (let rest = contents; rest.length > 0; ) {
    if (rest !== contents) await between();
    rest = readingList(rest, (reader) => {
      for (let left = entriesInPart; left > 0 && !reader.atEnd; left -= 1) entries.push(readEntry(reader));
      return reader.rest();
    });
  }
  return { ...list, entries, hasEmptyEntries: false };
}

const entriesInPart = 20_000;

/**
 * Puts a signed list together with what was parsed of it before it was signed: 100,000 entries are not read again.
 *
 * @param der - the octets of a CertificateList
 * @param tbs - the octets that `list` was parsed from
 * @returns the same as {@link parseCrl}
 * @throws SmkiError CRL_MALFORMED, also when the TBSCertList is not `tbs` octet for octet
 */
export function withSignature(der: Uint8Array, tbs: Uint8Array, list: ToBeSignedList): CertificateList {
  const whole = asBuffer(der);
  return readingList(whole, (reader) =>
    reader.sequence((signed) => {
      const from = signed.offset;
      signed.contents(Tag.sequence);
      const found = signed.since(from);
      if (!found.equals(tbs)) throw new SmkiError("CRL_MALFORMED", { reason: "another TBSCertList" });
      const signatureAlgorithm = readAlgorithmIdentifier(signed);
      const signatureValue = readOctetAlignedBitString(signed);
      return { der: whole, tbs: found, ...list, signatureAlgorithm, signatureValue };
    }),
  );
}

function readingList<List>(der: Uint8Array, read: (reader: DerReader) => List): List {
  try {
    return readDer(der, read, { maximumSize: crlOctetLimit });
  } catch (error) {
    if (!isSmkiError(error) || error.code === "CRL_MALFORMED") throw error;
    throw new SmkiError("CRL_MALFORMED", { reason: error.code, ...error.details }, { cause: error });
  }
}

function readList(whole: Buffer, list: DerReader): CertificateList {
  const from = list.offset;
  const toBeSigned = list.sequence((inner) => readToBeSigned(inner));
  const tbs = list.since(from);
  const signatureAlgorithm = readAlgorithmIdentifier(list);
  const signatureValue = readOctetAlignedBitString(list);
  return { der: whole, tbs, ...toBeSigned, signatureAlgorithm, signatureValue };
}

type ReadEntries = (reader: DerReader) => CrlEntry[];
const readEntries: ReadEntries = (reader) => reader.sequenceOf(readEntry);

function readToBeSigned(reader: DerReader, readRevoked: ReadEntries = readEntries): ToBeSignedList {
  const version = readVersion(reader);
  const tbsSignatureAlgorithm = readAlgorithmIdentifier(reader);
  const issuer = readName(reader);
  const thisUpdate = readTime(reader);
  const nextUpdate =
    reader.next(Tag.utcTime) || reader.next(Tag.generalizedTime) ? readTime(reader) : undefined;
  const revoked = reader.next(Tag.sequence) ? readRevoked(reader) : undefined;
  const extensions = reader.next(contextConstructed(0))
    ? reader.constructed(contextConstructed(0), readExtensions)
    : [];
  return {
    version,
    tbsSignatureAlgorithm,
    issuer,
    thisUpdate,
    nextUpdate,
    entries: revoked ?? [],
    hasEmptyEntries: revoked?.length === 0,
    extensions,
  };
}

/** Version is optional, without a default; only v2 (1) is ever written (RFC 5280 5.1.2.1). */
function readVersion(reader: DerReader): 1 | 2 {
  if (!reader.next(Tag.integer)) return 1;
  const version = readSmallInteger(reader);
  if (version !== 1) throw new SmkiError("CRL_MALFORMED", { version });
  return 2;
}

const none: readonly Extension[] = [];

function readEntry(reader: DerReader): CrlEntry {
  return reader.sequence(readEntryContents);
}

function readEntryContents(entry: DerReader): CrlEntry {
  const serialNumber = readIntegerOctets(entry);
  const revocationDate = readTime(entry);
  return { serialNumber, revocationDate, extensions: entry.atEnd ? none : readExtensions(entry) };
}
