import { SmkiError } from "../../errors/smki-error.ts";
import { type DerReader, type Oid, readBoolean, readOid, Tag } from "../der/index.ts";

/** One extension of a certificate, CRL, CRL entry or certification request (RFC 5280 4.2). */
export interface Extension {
  readonly id: Oid;
  readonly critical: boolean;
  /** What the OCTET STRING holds, not looked into; the decoders of `extensions/` do that. */
  readonly value: Buffer;
}

/** Reads one Extension. A FALSE that is written out is refused: it is the default (X.690 11.5). */
export function readExtension(reader: DerReader): Extension {
  return reader.sequence((extension) => {
    const id = readOid(extension);
    const offset = extension.offset;
    const written = extension.next(Tag.boolean) ? readBoolean(extension) : undefined;
    if (written === false) throw new SmkiError("DER_DEFAULT_ENCODED", { offset });
    return { id, critical: written === true, value: extension.contents(Tag.octetString) };
  });
}

/**
 * Reads Extensions in the order encoded: at least one, and none twice (RFC 5280 4.2).
 *
 * @throws SmkiError CERTIFICATE_EXTENSIONS_INVALID, or with a `DER_` code
 */
export function readExtensions(reader: DerReader): Extension[] {
  const offset = reader.offset;
  const extensions = reader.sequenceOf(readExtension);
  if (extensions.length === 0) throw new SmkiError("CERTIFICATE_EXTENSIONS_INVALID", { offset });
  // An entry of a list has one, and a list may have 100,000 entries.
  if (extensions.length === 1) return extensions;
  const seen = new Set<Oid>();
  for (const { id } of extensions) {
    if (seen.has(id)) throw new SmkiError("CERTIFICATE_EXTENSIONS_INVALID", { offset, twice: id });
    seen.add(id);
  }
  return extensions;
}
