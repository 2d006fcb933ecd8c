import { Transform, type TransformCallback } from "node:stream";
import { SmkiError } from "../../errors/smki-error.ts";

/** PostgreSQL's manual, COPY, "Binary Format": the signature, flags, and the length of a header extension. */
const signature = Buffer.from("PGCOPY\n\xff\r\n\0", "latin1");
const headerOctets = signature.length + 8;
const endOfRows = -1;

/**
 * Passes rows in the binary COPY format on, and checks their structure as they pass: the header, each row with as many
 * fields as the table has columns, each field as long as it says, and the end. Holds no field in memory.
 */
export class BinaryRowCheck extends Transform {
  rows = 0;
  /** All that has passed. */
  octets = 0;
  readonly #columns: number;
  #state: "header" | "row" | "field" | "value" | "ended" = "header";
  #small = Buffer.alloc(0);
  #fieldsLeft = 0;
  #octetsLeft = 0;

  constructor(columns: number) {
    super();
    this.#columns = columns;
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    this.octets += chunk.length;
    try {
      this.#read(chunk);
      done(undefined, chunk);
    } catch (error) {
      done(error as Error);
    }
  }

  override _flush(done: TransformCallback): void {
    done(this.#state === "ended" ? undefined : damaged("the end is missing"));
  }

  #read(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#state === "ended") throw damaged("something follows the end");
      if (this.#state === "value") {
        const taken = Math.min(this.#octetsLeft, rest.length);
        this.#octetsLeft -= taken;
        rest = rest.subarray(taken);
        if (this.#octetsLeft === 0) this.#nextField();
        continue;
      }
      const wanted = this.#state === "header" ? headerOctets : this.#state === "row" ? 2 : 4;
      const missing = wanted - this.#small.length;
      this.#small = Buffer.concat([this.#small, rest.subarray(0, missing)]);
      rest = rest.subarray(missing);
      if (this.#small.length < wanted) return;
      const whole = this.#small;
      this.#small = Buffer.alloc(0);
      this.#take(whole);
    }
  }

  #take(octets: Buffer): void {
    if (this.#state === "header") {
      const isKnown =
        octets.subarray(0, signature.length).equals(signature) &&
        octets.readUInt32BE(signature.length) === 0 &&
        octets.readUInt32BE(signature.length + 4) === 0;
      if (!isKnown) throw damaged("not the header of binary rows");
      this.#state = "row";
      return;
    }
    if (this.#state === "row") {
      const fields = octets.readInt16BE();
      if (fields === endOfRows) {
        this.#state = "ended";
        return;
      }
      if (fields !== this.#columns) throw damaged(`a row of ${String(fields)} fields`);
      this.rows += 1;
      this.#fieldsLeft = fields;
      this.#state = fields === 0 ? "row" : "field";
      return;
    }
    const length = octets.readInt32BE();
    if (length < -1) throw damaged("a field of negative length");
    this.#octetsLeft = Math.max(0, length);
    if (this.#octetsLeft === 0) this.#nextField();
    else this.#state = "value";
  }

  #nextField(): void {
    this.#fieldsLeft -= 1;
    this.#state = this.#fieldsLeft === 0 ? "row" : "field";
  }
}

const damaged = (reason: string): SmkiError => new SmkiError("BACKUP_DAMAGED", { reason });
