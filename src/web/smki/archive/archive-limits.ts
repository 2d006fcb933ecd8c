import { SmkiError } from "../../../errors/smki-error.ts";

/** What a batch file may be at the most. Sizes in octets. */
export interface ArchiveLimits {
  /** SEC L8.2; the whole batch is refused above it. */
  readonly maximumEntries: number;
  /** Of the archive itself. */
  readonly maximumArchive: number;
  /** Of one file, unpacked. */
  readonly maximumEntry: number;
  /** Of all files together, unpacked. */
  readonly maximumUnpacked: number;
  /** How many times larger than packed a file may be. */
  readonly maximumRatio: number;
}

/**
 * Limits for so many CSRs. A CSR of a Device has about 500 octets as PEM and packs to four fifths; 8 KiB is what
 * the readers of CSRs take at the most. Names and headers take some 250 octets for each file.
 */
export function archiveLimits(maximumEntries: number): ArchiveLimits {
  return {
    maximumEntries,
    maximumArchive: 128 * 1024 * 1024,
    maximumEntry: 8 * 1024,
    maximumUnpacked: 128 * 1024 * 1024,
    maximumRatio: 20,
  };
}

/** Refuses the whole archive. @param reason - of our own words */
export function malformed(reason: string, cause?: unknown): SmkiError {
  return new SmkiError("BATCH_FILE_MALFORMED", { reason: reason.slice(0, 160) }, { cause });
}

/** Refuses the whole archive for one of its entries. @param name - as far as it is known, made harmless to show */
export function entryRefused(name: string, reason: string): SmkiError {
  return new SmkiError("BATCH_FILE_ENTRY_REFUSED", { entry: showable(name), reason });
}

export function tooLarge(reason: string, maximum: number): SmkiError {
  return new SmkiError("BATCH_FILE_TOO_LARGE", { reason, maximum });
}

const showable = (name: string): string => name.slice(0, 80).replace(/[\p{C}\p{Z}]/gu, "?");
