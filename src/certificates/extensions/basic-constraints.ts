import { SmkiError } from "../../errors/smki-error.ts";
import {
  booleanTrue,
  readBoolean,
  readDer,
  readSmallInteger,
  sequence,
  smallInteger,
  Tag,
} from "../der/index.ts";

/** BasicConstraints (RFC 5280 4.2.1.9). */
export interface BasicConstraints {
  readonly ca: boolean;
  readonly pathLength?: number;
}

/** Reads the value of a basicConstraints extension. */
export function decodeBasicConstraints(value: Uint8Array): BasicConstraints {
  return readDer(value, (reader) =>
    reader.sequence((inner) => {
      const offset = inner.offset;
      const written = inner.next(Tag.boolean) ? readBoolean(inner) : undefined;
      if (written === false) throw new SmkiError("DER_DEFAULT_ENCODED", { offset });
      const ca = written === true;
      return inner.atEnd ? { ca } : { ca, pathLength: readSmallInteger(inner) };
    }),
  );
}

/** Writes the value of a basicConstraints extension of a CA. */
export function encodeCaConstraints(pathLength?: number): Buffer {
  return pathLength === undefined ? sequence(booleanTrue) : sequence(booleanTrue, smallInteger(pathLength));
}
