import {
  contextConstructed,
  element,
  objectIdentifier,
  oid,
  sequence,
  setOf,
  smallInteger,
} from "../../certificates/index.ts";

const signedData = oid("1.2.840.113549.1.7.2");
const data = oid("1.2.840.113549.1.7.1");

/**
 * The "certs-only" form of a CMS SignedData, in which EST gives certificates (RFC 7030 4.1.3, RFC 5652 5.1): nobody
 * signs it, and its certificates are in the order given.
 *
 * @param certificates - DER
 * @returns DER of the ContentInfo
 */
export function certsOnly(certificates: readonly Uint8Array[]): Buffer {
  return sequence(
    objectIdentifier(signedData),
    element(
      contextConstructed(0),
      sequence(
        smallInteger(1),
        setOf(), // digestAlgorithms
        sequence(objectIdentifier(data)), // encapContentInfo without content
        element(contextConstructed(0), ...certificates),
        setOf(), // signerInfos
      ),
    ),
  );
}
