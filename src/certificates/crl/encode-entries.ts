import { Tag, time } from "../der/index.ts";
import type { SerialNumber } from "../vocabulary/index.ts";
import { type RevocationReason, reasonCodes } from "./reason.ts";

/** One revoked certificate as a list names it (RFC 5280 5.1.2.6). */
export interface RevokedCertificate {
  readonly serialNumber: SerialNumber;
  /** Whole seconds. */
  readonly revocationDate: Date;
  /** `unspecified` is the same as none: RFC 5280 5.3.1 wants it left out. */
  readonly reason?: RevocationReason;
}

/** crlEntryExtensions with one reasonCode, non-critical; the last octet is the reason (RFC 5280 5.3.1). */
const reasonExtensions = Buffer.from("300c300a0603551d1504030a0100", "hex");
const serialOctets = 16;
/** Header, serial number with a sign octet, GeneralizedTime, reason: under 128, so that every length has one octet. */
const maximumEntryOctets = 2 + (2 + 1 + serialOctets) + 17 + reasonExtensions.length;

/**
 * Writes entries one after another into one buffer, since a list may have 100,000 of them and is made again after
 * each revocation. What was written stays as it is: the entries of a list are the beginning of those of the next.
 */
export class RevokedEntryWriter {
  readonly #target: Buffer;
  readonly #writeTime = timeWriter();
  #end = 0;

  /** @param capacity - how many entries will be written at the most */
  constructor(capacity: number) {
    this.#target = Buffer.allocUnsafe(maximumEntryOctets * capacity);
  }

  /** Octets written so far. */
  get octets(): number {
    return this.#end;
  }

  /** @throws SmkiError DER_TIME_INVALID; RangeError beyond the capacity */
  write(entry: RevokedCertificate): void {
    if (this.#end + maximumEntryOctets > this.#target.length)
      throw new RangeError("more entries than announced");
    this.#end = writeEntry(this.#target, this.#end, entry, this.#writeTime);
  }

  /** The entries written so far, or the first of them, as the contents octets of revokedCertificates. A view. */
  entries(octets: number = this.#end): Buffer {
    return this.#target.subarray(0, octets);
  }
}

/**
 * Encodes entries in the order given.
 *
 * @returns the contents octets of revokedCertificates
 * @throws SmkiError DER_TIME_INVALID
 */
export function encodeRevokedEntries(entries: readonly RevokedCertificate[]): Buffer {
  const writer = new RevokedEntryWriter(entries.length);
  for (const entry of entries) writer.write(entry);
  return writer.entries();
}

function writeEntry(target: Buffer, start: number, entry: RevokedCertificate, writeTime: TimeWriter): number {
  let at = writeSerialNumber(target, start + 2, entry.serialNumber);
  at = writeTime(target, at, entry.revocationDate);
  const { reason } = entry;
  if (reason !== undefined && reason !== "unspecified") {
    target.set(reasonExtensions, at);
    at += reasonExtensions.length;
    target[at - 1] = reasonCodes[reason];
  }
  target[start] = Tag.sequence;
  target[start + 1] = at - start - 2;
  return at;
}

/** A serial number is 32 digits with its leading zeros; as an INTEGER it has the fewest octets (X.690 8.3.2). */
function writeSerialNumber(target: Buffer, start: number, serialNumber: SerialNumber): number {
  target[start] = Tag.integer;
  target[start + 1] = serialOctets;
  target.write(serialNumber, start + 2, serialOctets, "hex");
  let zeros = 0;
  while (zeros < serialOctets - 1 && target[start + 2 + zeros] === 0) zeros++;
  const needsSign = (target[start + 2 + zeros] ?? 0) >= 0x80 ? 1 : 0;
  if (zeros === 0 && needsSign === 0) return start + 2 + serialOctets;
  const octets = serialOctets - zeros + needsSign;
  target.copyWithin(start + 2 + needsSign, start + 2 + zeros, start + 2 + serialOctets);
  if (needsSign === 1) target[start + 2] = 0;
  target[start + 1] = octets;
  return start + 2 + octets;
}

type TimeWriter = (target: Buffer, at: number, date: Date) => number;

const dayLength = 86_400_000;

/**
 * Writes Times one after another. Both types end in HHMMSSZ and all before that is the same through a day, so
 * that a day is encoded once and the digits of each of its instants are put in.
 */
function timeWriter(): TimeWriter {
  const days = new Map<number, Buffer>();
  return (target, at, date) => {
    const milliseconds = date.getTime();
    const day = Math.floor(milliseconds / dayLength);
    let encoded = days.get(day);
    // An instant between two seconds goes to `time`, which refuses it.
    if (encoded === undefined || milliseconds % 1000 !== 0) {
      time(milliseconds);
      encoded = time(day * dayLength);
      days.set(day, encoded);
    }
    target.set(encoded, at);
    const end = at + encoded.length;
    const seconds = (milliseconds - day * dayLength) / 1000;
    writeTwoDigits(target, end - 7, Math.floor(seconds / 3600));
    writeTwoDigits(target, end - 5, Math.floor(seconds / 60) % 60);
    writeTwoDigits(target, end - 3, seconds % 60);
    return end;
  };
}

function writeTwoDigits(target: Buffer, at: number, value: number): void {
  target[at] = 0x30 + Math.floor(value / 10);
  target[at + 1] = 0x30 + (value % 10);
}
