import { randomBytes } from "node:crypto";
import { SmkiError } from "../../errors/smki-error.ts";

declare const serialNumberBrand: unique symbol;

/** A certificate serial number as 32 lower-case hexadecimal digits, leading zeros kept: 16 octets, as every SMKI one has. */
export type SerialNumber = string & { readonly [serialNumberBrand]: true };

/**
 * The one form of a serial number that a person or a client wrote: either case, colons, hyphens or blanks between,
 * leading zeros dropped or not (the DCC's client sends `BigInt.toString(16)`, which may even be of odd length).
 *
 * @throws SmkiError SERIAL_NUMBER_INVALID
 */
export function normaliseSerialNumber(text: string): SerialNumber {
  const digits = /^[0-9a-f]+(?:[-: ][0-9a-f]+)*$/i.test(text)
    ? text.replaceAll(/[-: ]/g, "").replace(/^0+(?=.)/, "")
    : "";
  if (digits.length === 0 || digits.length > 32) {
    throw new SmkiError("SERIAL_NUMBER_INVALID", { value: text.slice(0, 80) });
  }
  return digits.toLowerCase().padStart(32, "0") as SerialNumber;
}

/**
 * The serial number that the contents octets of an INTEGER stand for.
 *
 * @throws SmkiError SERIAL_NUMBER_INVALID when negative or over 16 octets
 */
export function serialNumberFromOctets(octets: Buffer): SerialNumber {
  const first = octets[0];
  const unsigned = first === 0 && octets.length === 17 ? octets.subarray(1) : octets;
  if (first === undefined || first >= 0x80 || unsigned.length > 16) {
    throw new SmkiError("SERIAL_NUMBER_INVALID", { value: octets.toString("hex", 0, 40) });
  }
  return unsigned.toString("hex").padStart(32, "0") as SerialNumber;
}

const year2020 = Date.UTC(2020, 0, 1);
const sixteenthsPerMillisecond = 16 / 1000;
const randomOctets = 11;
const drawnAtOnce = 256;

let drawn = Buffer.alloc(0);

/** Octets that no other call gets, drawn for many serial numbers at once: a draw costs several times a number's rest. */
function drawRandom(octets: number): Buffer {
  if (drawn.length < octets) drawn = randomBytes(drawnAtOnce * randomOctets);
  const own = drawn.subarray(0, octets);
  drawn = drawn.subarray(octets);
  return own;
}

/**
 * Makes a new serial number: 16 octets, positive, never with a leading zero octet (RFC 5280 4.1.2.2 allows 20).
 *
 * It begins with 40 bits that grow with time, so that numbers issued together are stored together (random keys made
 * inserts twice as slow at ten million rows), and ends with 88 random bits, above the 64 that the CA/Browser Forum's
 * Baseline Requirements 7.1 demand. The prefix counts sixteenths of a second since 2020 from 0x10_0000_0000, so that
 * the first octet is 0x10 to 0x7F until the year 2974.
 *
 * @param now - the present moment, in 2020 or later
 * @param random - gives that many octets from a cryptographic source
 * @throws SmkiError SERIAL_NUMBER_TIME_INVALID when the clock is before 2020
 */
export function createSerialNumber(now: Date, random: (octets: number) => Buffer = drawRandom): SerialNumber {
  const sixteenths = Math.floor((now.getTime() - year2020) * sixteenthsPerMillisecond);
  const prefix = 0x10_0000_0000 + sixteenths;
  if (!(sixteenths >= 0 && prefix < 0x80_0000_0000)) {
    throw new SmkiError("SERIAL_NUMBER_TIME_INVALID", { milliseconds: now.getTime() });
  }
  return `${prefix.toString(16)}${random(randomOctets).toString("hex")}` as SerialNumber;
}
