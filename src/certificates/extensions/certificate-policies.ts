import { type Oid, objectIdentifier, readDer, readOid, sequence } from "../der/index.ts";

/** One PolicyInformation (RFC 5280 4.2.1.4). */
export interface PolicyInformation {
  readonly policy: Oid;
  /** True when there are qualifiers, which no SMKI certificate has. */
  readonly hasQualifiers: boolean;
}

/** Reads the value of a certificatePolicies extension, in the order encoded. */
export function decodeCertificatePolicies(value: Uint8Array): PolicyInformation[] {
  return readDer(value, (reader) =>
    reader.sequenceOf((information) =>
      information.sequence((inner) => {
        const policy = readOid(inner);
        const hasQualifiers = !inner.atEnd;
        if (hasQualifiers) inner.sequenceOf((qualifier) => qualifier.element());
        return { policy, hasQualifiers };
      }),
    ),
  );
}

/** Writes the value of a certificatePolicies extension with one policy and no qualifiers. */
export function encodeCertificatePolicy(policy: Oid): Buffer {
  return sequence(sequence(objectIdentifier(policy)));
}
