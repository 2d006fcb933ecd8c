import { crc32 } from "node:zlib";
import { entryRefused } from "./archive-limits.ts";

/** The name of an entry as an archive has it. */
export interface RawEntryName {
  readonly octets: Buffer;
  /** General purpose bit 11: the octets are UTF-8. */
  readonly isUtf8: boolean;
  /** Made on Unix, where names are in the character set of the system, which is UTF-8 now; Info-ZIP marks none there. */
  readonly isOfUnix: boolean;
  readonly extraFields: readonly { readonly id: number; readonly data: Buffer }[];
}

/** Longest name, with its extension, in characters. */
const nameLimit = 255;

/** Characters that move a cursor, turn the direction of writing, end a line, or are no characters. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u;

/**
 * Reads the name of a CSR file: of the root of the archive, with the extension `csr` (in capitals or not), of
 * characters that can be shown. It comes back as the name of the certificate's file.
 *
 * @returns the name with its extension
 * @throws SmkiError BATCH_FILE_ENTRY_REFUSED
 */
export function readEntryName(raw: RawEntryName): string {
  const name = decodeName(raw);
  const refuse = (reason: string) => entryRefused(name, reason);
  if (name.length > nameLimit) throw refuse(`name of over ${String(nameLimit)} characters`);
  if (unprintable.test(name)) throw refuse("characters in the name that cannot be shown");
  if (name.endsWith("/")) throw refuse("a folder");
  // A backslash and a drive lead elsewhere on other systems.
  if (/[/\\]/.test(name) || /^[A-Za-z]:/.test(name)) throw refuse("not in the root of the archive");
  if (!/\.csr$/i.test(name)) throw refuse("another extension than csr");
  const stem = name.slice(0, -".csr".length);
  if (stem.trim() !== stem || stem === "" || stem.endsWith(".")) throw refuse("no name before the extension");
  return name;
}

/** What two names have in common that one file system or another cannot tell apart. */
export const nameKey = (name: string): string => name.normalize("NFKC").toLowerCase();

/** UTF-8, where the archive says so or gives it beside the name; otherwise ASCII, since nothing says what else it is. */
function decodeName({ octets, isUtf8, isOfUnix, extraFields }: RawEntryName): string {
  const shown = octets.toString("latin1");
  const utf8 = isUtf8 ? octets : (unicodePath(octets, extraFields) ?? (isOfUnix ? octets : undefined));
  if (utf8 === undefined) {
    if (/[^\0-\x7f]/.test(shown)) throw entryRefused(shown, "name in an unknown character set");
    return shown;
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(utf8);
  } catch {
    throw entryRefused(shown, "name that is not UTF-8");
  }
}

/** Info-ZIP's Unicode Path extra field, if it belongs to this name. */
function unicodePath(name: Buffer, extraFields: RawEntryName["extraFields"]): Buffer | undefined {
  const data = extraFields.find(({ id }) => id === 0x7075)?.data;
  if (data === undefined || data.length < 6 || data[0] !== 1) return undefined;
  return data.readUInt32LE(1) === crc32(name) ? data.subarray(5) : undefined;
}
