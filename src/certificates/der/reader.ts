import { SmkiError } from "../../errors/smki-error.ts";
import { asBuffer } from "./bytes.ts";
import { Tag } from "./tags.ts";
import { checkPrimitive, refuseUnsupportedTag } from "./well-formed.ts";

/** What a reader refuses before it looks at the contents. */
export interface DerLimits {
  /** Octets of the whole input; 65,536 unless given. A CRL reader raises it. */
  readonly maximumSize?: number;
  /** Levels of nesting; 16 unless given (a certificate has 9). */
  readonly maximumDepth?: number;
}

const defaultMaximumSize = 65_536;
const defaultMaximumDepth = 16;

/**
 * Reads one complete DER structure from `bytes`. Bytes that `read` leaves over are refused.
 *
 * @param bytes - the encoding; what `read` returns are views into it, not copies
 * @param read - reads the outermost element (usually `reader.sequence(...)`)
 * @param limits - size and depth
 * @throws SmkiError with a `DER_` code
 */
export function readDer<T>(bytes: Uint8Array, read: (reader: DerReader) => T, limits: DerLimits = {}): T {
  const maximumSize = limits.maximumSize ?? defaultMaximumSize;
  if (bytes.length > maximumSize) throw new SmkiError("DER_TOO_LARGE", { size: bytes.length, maximumSize });
  const reader = new DerReader(asBuffer(bytes), 0, bytes.length, limits.maximumDepth ?? defaultMaximumDepth);
  const value = read(reader);
  reader.finish();
  return value;
}

/**
 * A cursor over strict DER (X.690 clauses 8, 10 and 11): definite minimal lengths, low tag numbers,
 * no constructed strings. Get one from {@link readDer}. Every method moves past the element that it reads;
 * returned buffers are views into the input. Offsets in errors count from the start of the input.
 *
 * `sequence`, `set` and `constructed` refuse what their callback leaves unread, so that trailing
 * elements cannot be overlooked.
 */
export class DerReader {
  readonly #source: Buffer;
  readonly #end: number;
  readonly #depth: number;
  #position: number;
  /** Where the contents of the element whose header was read last begin and end. */
  #start = 0;
  #stop = 0;

  /** Not for callers: use {@link readDer}. */
  constructor(source: Buffer, start: number, end: number, depth: number) {
    this.#source = source;
    this.#position = start;
    this.#end = end;
    this.#depth = depth;
  }

  /** Octets from the start of the input to the cursor. */
  get offset(): number {
    return this.#position;
  }

  /** True when nothing is left to read at this level. */
  get atEnd(): boolean {
    return this.#position === this.#end;
  }

  /** True when the next element has this identifier octet; false at the end. */
  next(tag: number): boolean {
    return this.#position < this.#end && this.#source[this.#position] === tag;
  }

  /** Contents octets of the next element, which must have this identifier octet. */
  contents(tag: number): Buffer {
    this.#header(tag);
    this.#position = this.#stop;
    return this.#source.subarray(this.#start, this.#stop);
  }

  /** Reads into the next element, which must have this (constructed) identifier octet. */
  constructed<T>(tag: number, read: (inner: DerReader) => T): T {
    this.#header(tag);
    if (this.#depth === 0) throw new SmkiError("DER_TOO_DEEP", { offset: this.#position });
    const inner = new DerReader(this.#source, this.#start, this.#stop, this.#depth - 1);
    this.#position = this.#stop;
    const value = read(inner);
    inner.finish();
    return value;
  }

  /** Reads into the next element, a SEQUENCE. */
  sequence<T>(read: (inner: DerReader) => T): T {
    return this.constructed(Tag.sequence, read);
  }

  /** Reads each element of a SEQUENCE OF, which may be empty. */
  sequenceOf<T>(read: (inner: DerReader) => T): T[] {
    return this.constructed(Tag.sequence, (inner) => {
      const values: T[] = [];
      while (!inner.atEnd) values.push(read(inner));
      return values;
    });
  }

  /** Reads each element of a SET OF: at least one, in the order of their encodings (X.690 11.6). */
  setOf<T>(read: (inner: DerReader) => T): T[] {
    return this.constructed(Tag.set, (inner) => {
      const values: T[] = [];
      let previous = inner.#end;
      while (!inner.atEnd) {
        const from = inner.#position;
        values.push(read(inner));
        if (previous < from && inner.#compare(previous, from, inner.#position) > 0) {
          throw new SmkiError("DER_SET_INVALID", { offset: from });
        }
        previous = from;
      }
      if (values.length === 0) throw new SmkiError("DER_SET_INVALID", { offset: inner.#position });
      return values;
    });
  }

  /** Identifier octet and contents octets of the next element, whatever it is; its inside is checked to be DER. */
  any(): { readonly tag: number; readonly contents: Buffer } {
    const tag = this.#octet(this.#position);
    this.#skip();
    return { tag, contents: this.#source.subarray(this.#start, this.#stop) };
  }

  /** The next element, whatever it is, with identifier and length octets; its inside is checked to be DER. */
  element(): Buffer {
    const from = this.#position;
    this.#skip();
    return this.#source.subarray(from, this.#position);
  }

  /** Contents octets of the next element where they stand, for a `read` that needs no buffer of its own. */
  inPlace<T>(tag: number, read: (source: Buffer, start: number, end: number, offset: number) => T): T {
    const offset = this.#position;
    this.#header(tag);
    this.#position = this.#stop;
    return read(this.#source, this.#start, this.#stop, offset);
  }

  /** Whatever is left at this level, not looked into. */
  rest(): Buffer {
    const from = this.#position;
    this.#position = this.#end;
    return this.#source.subarray(from, this.#end);
  }

  /** The octets from an earlier {@link offset} up to the cursor. */
  since(offset: number): Buffer {
    return this.#source.subarray(offset, this.#position);
  }

  /** Refuses whatever is left at this level. */
  finish(): void {
    if (this.#position !== this.#end) {
      throw new SmkiError("DER_TRAILING_BYTES", {
        offset: this.#position,
        octets: this.#end - this.#position,
      });
    }
  }

  /** Compares the element from `first` up to `second` with the one from there up to `end`. */
  #compare(first: number, second: number, end: number): number {
    return this.#source.compare(this.#source, second, end, first, second);
  }

  #octet(at: number): number {
    const octet = at < this.#end ? this.#source[at] : undefined;
    if (octet === undefined) throw new SmkiError("DER_TRUNCATED", { offset: this.#position });
    return octet;
  }

  /** Reads identifier and length octets into #start and #stop; the cursor stays before the element. */
  #header(expected?: number): number {
    let at = this.#position;
    const tag = this.#octet(at++);
    if (expected !== undefined && tag !== expected) {
      throw new SmkiError("DER_TAG_UNEXPECTED", { expected: hex(expected), found: hex(tag), offset: at - 1 });
    }
    let length = this.#octet(at++);
    if (length >= 0x80) {
      const octets = length & 0x7f;
      if (octets === 0) throw new SmkiError("DER_LENGTH_INDEFINITE", { offset: this.#position });
      // Nothing within the size cap needs more than 4 length octets.
      if (octets > 4) throw new SmkiError("DER_TOO_LARGE", { offset: this.#position });
      length = 0;
      for (let left = octets; left > 0; left--) length = length * 256 + this.#octet(at++);
      if (length < 0x80 || length < 2 ** (8 * (octets - 1))) {
        throw new SmkiError("DER_LENGTH_NOT_MINIMAL", { offset: this.#position });
      }
    }
    if (length > this.#end - at) throw new SmkiError("DER_TRUNCATED", { offset: this.#position });
    this.#start = at;
    this.#stop = at + length;
    return tag;
  }

  #skip(): void {
    refuseUnsupportedTag(this.#octet(this.#position), this.#position);
    const tag = this.#header();
    if ((tag & 0x20) === 0) {
      checkPrimitive(tag, this.#source.subarray(this.#start, this.#stop), this.#position);
      this.#position = this.#stop;
      return;
    }
    this.constructed(tag, (inner) => {
      while (!inner.atEnd) inner.#skip();
    });
  }
}

function hex(octet: number): string {
  return octet.toString(16).padStart(2, "0");
}
