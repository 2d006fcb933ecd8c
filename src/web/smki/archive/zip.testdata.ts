import { crc32, deflateRawSync } from "node:zlib";

/** A file of an archive, and whatever is wrong with it. */
export interface TestEntry {
  readonly name: string | Buffer;
  readonly content?: string | Buffer;
  readonly deflate?: boolean;
  readonly flags?: number;
  readonly method?: number;
  readonly crc?: number;
  /** Unpacked, as it is said. */
  readonly size?: number;
  readonly attributes?: number;
  /** The system that it was made on; Unix if left out. */
  readonly system?: number;
  readonly extra?: Buffer;
  /** In the header before the file, if it differs. */
  readonly localName?: string;
  /** Where the directory says that the file begins, if it does not begin there. */
  readonly offset?: number;
  /** Packed octets, if they are not those of the content. */
  readonly packed?: Buffer;
}

/** What is wrong with the whole. */
interface ArchiveFaults {
  readonly before?: Buffer;
  readonly after?: Buffer;
  /** Files, as the end record says. */
  readonly count?: number;
  readonly comment?: string;
}

const numbers = (...fields: readonly (readonly [number, 2 | 4])[]): Buffer =>
  Buffer.concat(
    fields.map(([value, length]) => {
      const octets = Buffer.alloc(length);
      octets.writeUIntLE(value, 0, length);
      return octets;
    }),
  );

/** Makes a ZIP octet by octet, so that it may be wrong in any way. */
export function zipOf(entries: readonly TestEntry[], faults: ArchiveFaults = {}): Buffer {
  const parts: Buffer[] = [faults.before ?? Buffer.alloc(0)];
  const directory: Buffer[] = [];
  let offset = faults.before?.length ?? 0;
  for (const entry of entries) {
    const content = Buffer.from(entry.content ?? "AAAA");
    const packed = entry.packed ?? (entry.deflate ? deflateRawSync(content) : content);
    const name = Buffer.from(entry.name);
    const localName = Buffer.from(entry.localName ?? entry.name);
    const extra = entry.extra ?? Buffer.alloc(0);
    const common = (nameLength: number, extraLength: number) =>
      numbers(
        [20, 2],
        [entry.flags ?? 0, 2],
        [entry.method ?? (entry.deflate ? 8 : 0), 2],
        [0, 2],
        [0x21, 2],
        [entry.crc ?? crc32(content), 4],
        [packed.length, 4],
        [entry.size ?? content.length, 4],
        [nameLength, 2],
        [extraLength, 2],
      );
    const local = Buffer.concat([numbers([0x04034b50, 4]), common(localName.length, 0), localName, packed]);
    directory.push(
      numbers([0x02014b50, 4], [((entry.system ?? 3) << 8) | 20, 2]),
      common(name.length, extra.length),
      numbers([0, 2], [0, 2], [0, 2], [entry.attributes ?? 0, 4], [entry.offset ?? offset, 4]),
      name,
      extra,
    );
    parts.push(local);
    offset += local.length;
  }
  const whole = Buffer.concat(directory);
  const count = faults.count ?? entries.length;
  const comment = Buffer.from(faults.comment ?? "");
  return Buffer.concat([
    ...parts,
    whole,
    numbers([0x06054b50, 4], [0, 2], [0, 2], [count, 2], [count, 2], [whole.length, 4], [offset, 4]),
    numbers([comment.length, 2]),
    comment,
    faults.after ?? Buffer.alloc(0),
  ]);
}
