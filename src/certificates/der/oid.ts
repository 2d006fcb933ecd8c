import { SmkiError } from "../../errors/smki-error.ts";
import type { DerReader } from "./reader.ts";
import { Tag } from "./tags.ts";
import { element } from "./writer.ts";

declare const oidBrand: unique symbol;

/** An object identifier in dotted form, such as `1.2.840.10045.4.3.2`; made by {@link oid} or read from DER. */
export type Oid = string & { readonly [oidBrand]: true };

/** Longest encoding taken, in octets: what a certificate holds has at most 20, and no arc over 2^53. */
const maximumOctets = 64;
/** Longest text looked at: more cannot be encoded in that many octets. */
const maximumCharacters = 17 * maximumOctets;

/** Identifiers that each of the two tables below holds. */
const knownMaximum = 512;

/**
 * Checks a dotted object identifier.
 *
 * @throws SmkiError DER_OID_INVALID when malformed, too long, or with an arc that X.660 does not allow
 */
export function oid(dotted: string): Oid {
  encodeArcs(dotted);
  return dotted as Oid;
}

/** Reads an OBJECT IDENTIFIER. @throws SmkiError DER_OID_INVALID */
export function readOid(reader: DerReader): Oid {
  return reader.inPlace(Tag.objectIdentifier, decodeInPlace);
}

/** Writes an OBJECT IDENTIFIER. */
export function objectIdentifier(value: Oid): Buffer {
  let contents = encodings.get(value);
  if (contents === undefined) {
    contents = encodeArcs(value);
    if (encodings.size >= knownMaximum) encodings.clear();
    encodings.set(value, contents);
  }
  return element(Tag.objectIdentifier, contents);
}

/** The other way round of {@link known}, and bounded like it. */
const encodings = new Map<Oid, Buffer>();

/** An identifier that was decoded before. */
interface Known {
  readonly contents: Buffer;
  readonly oid: Oid;
}

/**
 * The same few identifiers occur in every certificate; this table saves decoding them. Each has one place, by its
 * octets, and the newest takes it, so that hostile input can neither grow the table nor fill it for good.
 */
const known: (Known | undefined)[] = Array.from({ length: knownMaximum });

/** Decodes the contents octets of an OBJECT IDENTIFIER (X.690 8.19). `offset` is only for the error. */
export function decodeOid(contents: Buffer, offset = 0): Oid {
  return decodeInPlace(contents, 0, contents.length, offset);
}

function decodeInPlace(source: Buffer, start: number, end: number, offset: number): Oid {
  let place = end - start;
  for (let at = start; at < end; at += 1) place = (31 * place + (source[at] ?? 0)) % knownMaximum;
  const found = known[place];
  if (found !== undefined && isAt(found.contents, source, start, end)) return found.oid;
  const contents = Buffer.from(source.subarray(start, end));
  const decoded = decodeArcs(contents, offset);
  known[place] = { contents, oid: decoded };
  return decoded;
}

function isAt(contents: Buffer, source: Buffer, start: number, end: number): boolean {
  if (contents.length !== end - start) return false;
  for (let at = start; at < end; at += 1) if (source[at] !== contents[at - start]) return false;
  return true;
}

function decodeArcs(contents: Buffer, offset: number): Oid {
  const invalid = () => new SmkiError("DER_OID_INVALID", { offset });
  if (contents.length === 0 || contents.length > maximumOctets) throw invalid();
  const arcs: number[] = [];
  let arc = 0;
  let within = false;
  for (const octet of contents) {
    // X.690 8.19.2: a subidentifier never begins with 80.
    if (!within && octet === 0x80) throw invalid();
    arc = arc * 128 + (octet & 0x7f);
    if (arc > Number.MAX_SAFE_INTEGER) throw invalid();
    within = octet >= 0x80;
    if (within) continue;
    if (arcs.length === 0) {
      const first = Math.min(Math.floor(arc / 40), 2);
      arcs.push(first, arc - 40 * first);
    } else {
      arcs.push(arc);
    }
    arc = 0;
  }
  if (within) throw invalid();
  return arcs.join(".") as Oid;
}

function encodeArcs(dotted: string): Buffer {
  const invalid = () => new SmkiError("DER_OID_INVALID", { oid: dotted.slice(0, 80) });
  if (dotted.length > maximumCharacters || !/^[0-2](\.(0|[1-9][0-9]{0,15}))+$/.test(dotted)) throw invalid();
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  if (first < 2 && second > 39) throw invalid();
  const octets: number[] = [];
  for (const arc of [40 * first + second, ...rest]) {
    if (arc > Number.MAX_SAFE_INTEGER) throw invalid();
    const groups = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) {
      groups.unshift(0x80 | (left % 128));
    }
    octets.push(...groups);
  }
  if (octets.length > maximumOctets) throw invalid();
  return Buffer.from(octets);
}
