import { type Entry, fromRandomAccessReaderPromise, type ZipFile } from "yauzl";
import { SmkiError } from "../../../errors/smki-error.ts";
import { type ArchiveLimits, entryRefused, malformed, tooLarge } from "./archive-limits.ts";
import { nameKey, readEntryName } from "./entry-name.ts";
import type { ZipSource, ZipWindow } from "./zip-source.ts";

/** A file of the archive that may be read. */
export interface CsrEntry {
  /** With its extension. */
  readonly name: string;
  readonly entry: Entry;
}

/** What the directory of an archive lists. */
export interface CsrDirectory {
  readonly zip: ZipFile;
  /** In the order in which they lie in the archive. */
  readonly entries: readonly CsrEntry[];
}

const endRecordOctets = 22;
const zip64LocatorOctets = 20;
const zip64LocatorSignature = 0x07064b50;
const zip64ExtraField = 1;
const madeOnUnix = 3;
const symbolicLink = 0o120000;

/**
 * Reads the directory of a batch file, and refuses the whole for anything in it that is not a CSR file in the
 * root (SEC Appendix M, Appendix F), before any file is read.
 *
 * @throws SmkiError BATCH_FILE_MALFORMED, BATCH_FILE_ENTRY_REFUSED, BATCH_FILE_TOO_LARGE, BATCH_TOO_LARGE, BATCH_EMPTY
 */
export async function readDirectory(
  source: ZipSource,
  window: ZipWindow,
  limits: ArchiveLimits,
): Promise<CsrDirectory> {
  if (source.size > limits.maximumArchive) throw tooLarge("archive", limits.maximumArchive);
  const zip = await fromRandomAccessReaderPromise(window, source.size, {
    autoClose: false,
    decodeStrings: false,
    validateEntrySizes: true,
  });
  const end = source.size - endRecordOctets - zip.comment.length;
  await refuseZip64(window, end);
  const { entryCount } = zip;
  if (entryCount > limits.maximumEntries)
    throw new SmkiError("BATCH_TOO_LARGE", { requests: entryCount, maximum: limits.maximumEntries });
  if (entryCount === 0) throw new SmkiError("BATCH_EMPTY");
  const entries = await readEntries(zip, limits);
  // A directory that goes on behind its last entry hides some; another reader would find them.
  if (cursorOf(zip) !== end) throw malformed("the directory does not end with its last entry");
  return {
    zip,
    entries: entries.sort(
      (left, right) => left.entry.relativeOffsetOfLocalHeader - right.entry.relativeOffsetOfLocalHeader,
    ),
  };
}

async function readEntries(zip: ZipFile, limits: ArchiveLimits): Promise<CsrEntry[]> {
  const entries: CsrEntry[] = [];
  const names = new Set<string>();
  let unpacked = 0;
  for await (const entry of zip.eachEntry()) {
    const { fileNameRaw: octets, extraFields, generalPurposeBitFlag, versionMadeBy } = entry;
    const name = readEntryName({
      octets,
      isUtf8: (generalPurposeBitFlag & 0x800) !== 0,
      isOfUnix: versionMadeBy >>> 8 === madeOnUnix,
      extraFields,
    });
    requirePlainFile(name, entry);
    requireSize(entry, limits);
    unpacked += entry.uncompressedSize;
    if (unpacked > limits.maximumUnpacked) throw tooLarge("files unpacked", limits.maximumUnpacked);
    const key = nameKey(name);
    if (names.has(key)) throw entryRefused(name, "name given twice, but for capitals");
    names.add(key);
    entries.push({ name, entry });
  }
  return entries;
}

function requirePlainFile(name: string, entry: Entry): void {
  const { generalPurposeBitFlag: flags, compressionMethod, externalFileAttributes, extraFields } = entry;
  if ((flags & 0x2041) !== 0) throw entryRefused(name, "encrypted");
  if (compressionMethod !== 0 && compressionMethod !== 8)
    throw entryRefused(name, `compression method ${String(compressionMethod)}`);
  if (((externalFileAttributes >>> 16) & 0o170000) === symbolicLink) throw entryRefused(name, "a link");
  if (extraFields.some(({ id }) => id === zip64ExtraField)) throw entryRefused(name, "ZIP64");
}

function requireSize({ uncompressedSize, compressedSize }: Entry, limits: ArchiveLimits): void {
  if (uncompressedSize > limits.maximumEntry) throw tooLarge("file unpacked", limits.maximumEntry);
  if (uncompressedSize > compressedSize * limits.maximumRatio)
    throw tooLarge("file unpacked, times its size packed", limits.maximumRatio);
}

/** The format that Appendix M names (of 1997) has no ZIP64, and no batch needs it. */
async function refuseZip64(window: ZipWindow, end: number): Promise<void> {
  if (end < zip64LocatorOctets) return;
  const before = await window.octets(end - zip64LocatorOctets, zip64LocatorOctets);
  if (before.readUInt32LE(0) === zip64LocatorSignature) throw malformed("ZIP64");
}

/** Where yauzl reads the next entry of the directory; its types take it for a truth value. */
const cursorOf = (zip: ZipFile): number => Number(zip.readEntryCursor);
