import { SmkiError } from "../../errors/smki-error.ts";
import type { DerReader } from "./reader.ts";
import { Tag } from "./tags.ts";

/** Reads a BOOLEAN: one octet, FF or 00 (X.690 11.1). @throws SmkiError DER_BOOLEAN_INVALID */
export function readBoolean(reader: DerReader): boolean {
  const offset = reader.offset;
  const contents = reader.contents(Tag.boolean);
  if (contents.length !== 1 || (contents[0] !== 0x00 && contents[0] !== 0xff)) {
    throw new SmkiError("DER_BOOLEAN_INVALID", { offset });
  }
  return contents[0] === 0xff;
}
