import { crc32 } from "node:zlib";
import { tooLarge } from "./archive-limits.ts";

/** A file to be stored. */
interface StoredFile {
  readonly name: string;
  readonly content: Buffer;
}

/** Version 2.0 of the format, which everything reads. */
const version = 20;
const nameIsUtf8 = 0x800;
/** 1980-01-01 00:00, the least moment that a ZIP can carry: equal files give equal octets. */
const noDate = 0x21;
/** A regular file that all may read, as Unix has it. */
const regularFile = (0o100644 << 16) >>> 0;
const madeOnUnix = 3 << 8;
const mostFiles = 0xfffe;
const mostOctets = 0xfffffffe;
const pieceOctets = 64 * 1024;

/**
 * Writes a ZIP of many small files, stored as they are, piece by piece. In memory are the names and nothing else. (yazl,
 * which writes the other archives, keeps the contents and looks through all its files for each: 50,000 take it
 * ten seconds and 150 MB.)
 *
 * @param files - each name once
 * @throws SmkiError BATCH_FILE_TOO_LARGE for what the format cannot count
 */
export async function* writeStoredZip(
  files: AsyncIterable<StoredFile> | Iterable<StoredFile>,
): AsyncGenerator<Buffer> {
  const directory: Buffer[] = [];
  let piece: Buffer[] = [];
  let pieceLength = 0;
  let offset = 0;
  for await (const { name, content } of files) {
    const octets = Buffer.from(name);
    const common = commonFields(name, octets, content);
    const header = Buffer.concat([signature(0x04034b50), common, octets]);
    directory.push(directoryEntry(common, octets, offset));
    if (directory.length > mostFiles) throw tooLarge("files of a ZIP", mostFiles);
    offset += header.length + content.length;
    if (offset > mostOctets) throw tooLarge("octets of a ZIP", mostOctets);
    piece.push(header, content);
    pieceLength += header.length + content.length;
    if (pieceLength < pieceOctets) continue;
    yield Buffer.concat(piece);
    piece = [];
    pieceLength = 0;
  }
  yield Buffer.concat([...piece, ...directory, endRecord(directory, offset)]);
}

const signature = (value: number): Buffer => {
  const octets = Buffer.alloc(4);
  octets.writeUInt32LE(value);
  return octets;
};

/** What a file's own header and its entry in the directory have in common, from the version on. */
function commonFields(name: string, octets: Buffer, content: Buffer): Buffer {
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(version, 0);
  fields.writeUInt16LE(octets.length === name.length ? 0 : nameIsUtf8, 2);
  // Method 0: stored. Time 0.
  fields.writeUInt16LE(noDate, 8);
  fields.writeUInt32LE(crc32(content), 10);
  fields.writeUInt32LE(content.length, 14);
  fields.writeUInt32LE(content.length, 18);
  fields.writeUInt16LE(octets.length, 22);
  return fields;
}

function directoryEntry(common: Buffer, name: Buffer, offset: number): Buffer {
  const entry = Buffer.alloc(46 + name.length);
  entry.writeUInt32LE(0x02014b50, 0);
  entry.writeUInt16LE(madeOnUnix | version, 4);
  common.copy(entry, 6);
  // No comment, first disk, no internal attributes.
  entry.writeUInt32LE(regularFile, 38);
  entry.writeUInt32LE(offset, 42);
  name.copy(entry, 46);
  return entry;
}

function endRecord(directory: readonly Buffer[], offset: number): Buffer {
  const record = Buffer.alloc(22);
  record.writeUInt32LE(0x06054b50, 0);
  record.writeUInt16LE(directory.length, 8);
  record.writeUInt16LE(directory.length, 10);
  record.writeUInt32LE(
    directory.reduce((length, entry) => length + entry.length, 0),
    12,
  );
  record.writeUInt32LE(offset, 16);
  return record;
}
