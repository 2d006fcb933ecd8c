import { type Oid, objectIdentifier, octetString, readDer, sequence, Tag } from "../der/index.ts";
import { type AlgorithmIdentifier, readAlgorithmIdentifier } from "../syntax/index.ts";

/** ApexContingencyKey (RFC 5934): the encrypted public key that may replace a lost Root OCA key on Devices. */
export interface WrappedApexContingencyKey {
  readonly wrapAlgorithm: AlgorithmIdentifier;
  readonly wrappedKey: Buffer;
}

/** Reads the value of an id-pe-wrappedApexContinKey extension. */
export function decodeWrappedApexContingencyKey(value: Uint8Array): WrappedApexContingencyKey {
  return readDer(value, (reader) =>
    reader.sequence((inner) => ({
      wrapAlgorithm: readAlgorithmIdentifier(inner),
      wrappedKey: inner.contents(Tag.octetString),
    })),
  );
}

/** Writes the value of an id-pe-wrappedApexContinKey extension; the algorithm has no parameters. */
export function encodeWrappedApexContingencyKey(wrapAlgorithm: Oid, wrappedKey: Uint8Array): Buffer {
  return sequence(sequence(objectIdentifier(wrapAlgorithm)), octetString(wrappedKey));
}
