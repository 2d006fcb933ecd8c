import { type DerReader, type Oid, readOid } from "../der/index.ts";

/** AlgorithmIdentifier (RFC 5280 4.1.1.2). */
export interface AlgorithmIdentifier {
  /** The whole element, for comparing two of them octet by octet. */
  readonly der: Buffer;
  readonly algorithm: Oid;
  /** The parameters element as encoded (`05 00` is an explicit NULL); undefined when absent, which is another thing. */
  readonly parameters: Buffer | undefined;
}

/** Reads an AlgorithmIdentifier; what the parameters hold is the caller's to judge. */
export function readAlgorithmIdentifier(reader: DerReader): AlgorithmIdentifier {
  const from = reader.offset;
  let parameters: Buffer | undefined;
  const algorithm = reader.sequence((inner) => {
    const identifier = readOid(inner);
    if (!inner.atEnd) parameters = inner.element();
    return identifier;
  });
  return { der: reader.since(from), algorithm, parameters };
}
