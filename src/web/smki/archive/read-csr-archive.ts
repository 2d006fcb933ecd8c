import { crc32, inflateRawSync } from "node:zlib";
import type { LocalFileHeader } from "yauzl";
import { decodeCsrText } from "../../../certificates/index.ts";
import { isSmkiError } from "../../../errors/smki-error.ts";
import { type ArchiveLimits, entryRefused, malformed } from "./archive-limits.ts";
import { type CsrDirectory, type CsrEntry, readDirectory } from "./read-directory.ts";
import { type ZipSource, ZipWindow } from "./zip-source.ts";

/** One file of a batch file. */
export interface CsrFile {
  /** Its name with the extension, unique in the batch. */
  readonly clientId: string;
  /**
   * PKCS#10, DER, not yet looked at. Empty where the text is none of those that the portal takes, the text itself where it
   * is too large: the check of the CSR says so then, and the other files of the batch are not concerned.
   */
  readonly request: Buffer;
}

/**
 * Reads a batch file of the SMKI Portal (SEC Appendix M, Appendix F): a ZIP of up to so many `.csr` files, all in its
 * root, each with one CSR in any of the accepted text forms. The directory is judged whole before the first file is
 * given; what is packed is checked as it is read, so that nothing is good until the last file came.
 *
 * @throws SmkiError BATCH_FILE_MALFORMED, BATCH_FILE_ENTRY_REFUSED, BATCH_FILE_TOO_LARGE, BATCH_TOO_LARGE, BATCH_EMPTY;
 *   whatever the source throws
 */
export async function* readCsrArchive(source: ZipSource, limits: ArchiveLimits): AsyncGenerator<CsrFile> {
  const window = new ZipWindow(source);
  const directory = await ofArchive(window, () => readDirectory(source, window, limits));
  let end = 0;
  for (const { name, entry } of directory.entries) {
    const { octets, end: entryEnd } = await ofArchive(window, () =>
      readEntry({ name, entry }, directory, window, end),
    );
    end = entryEnd;
    yield { clientId: name, request: readText(octets) };
  }
}

/** Tells a fault of the archive from one of the place where it lies. */
async function ofArchive<Read>(window: ZipWindow, read: () => Promise<Read>): Promise<Read> {
  try {
    return await read();
  } catch (error) {
    if (window.failure !== undefined || isSmkiError(error)) throw window.failure ?? error;
    throw malformed(error instanceof Error ? error.message : "unreadable", error);
  }
}

/** @param before - where the file before it ended: files that share octets unpack to more than was sent */
async function readEntry(
  { name, entry }: CsrEntry,
  { zip }: CsrDirectory,
  window: ZipWindow,
  before: number,
): Promise<{ octets: Buffer; end: number }> {
  if (entry.relativeOffsetOfLocalHeader < before) throw entryRefused(name, "overlaps another entry");
  const header = await zip.readLocalFileHeaderPromise(entry);
  requireSame(name, entry, header);
  const end = header.fileDataStart + entry.compressedSize;
  const packed = await window.octets(header.fileDataStart, entry.compressedSize);
  const octets =
    entry.compressionMethod === 0 ? Buffer.from(packed) : inflate(name, packed, entry.uncompressedSize);
  if (octets.length !== entry.uncompressedSize || crc32(octets) !== entry.crc32)
    throw entryRefused(name, "content that is not what its checksum says");
  return { octets, end };
}

/** What stands before a file must say what the directory says: readers that go by one or the other see the same. */
function requireSame(name: string, entry: CsrEntry["entry"], header: LocalFileHeader): void {
  const hasSizesBehind = (header.generalPurposeBitFlag & 8) !== 0;
  const isSame =
    header.fileName.equals(entry.fileNameRaw) &&
    header.compressionMethod === entry.compressionMethod &&
    (header.generalPurposeBitFlag & 1) === 0 &&
    (hasSizesBehind ||
      (header.crc32 === entry.crc32 &&
        header.compressedSize === entry.compressedSize &&
        header.uncompressedSize === entry.uncompressedSize));
  if (!isSame) throw entryRefused(name, "header other than in the directory");
}

function inflate(name: string, packed: Buffer, size: number): Buffer {
  try {
    const inflated: unknown = inflateRawSync(packed, { maxOutputLength: Math.max(size, 1), info: true });
    // The types do not know what `info` changes.
    const { buffer, engine } = inflated as { buffer: Buffer; engine: { bytesWritten: number } };
    if (engine.bytesWritten === packed.length) return buffer;
  } catch {
    // What zlib says of it helps nobody.
  }
  throw entryRefused(name, "content that cannot be unpacked");
}

function readText(octets: Buffer): Buffer {
  try {
    return decodeCsrText(octets.toString("latin1"));
  } catch (error) {
    if (!isSmkiError(error)) throw error;
    return error.code === "CSR_TOO_LARGE" ? octets : Buffer.alloc(0);
  }
}
