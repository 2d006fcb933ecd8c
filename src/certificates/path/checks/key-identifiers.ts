import { fails, holds } from "../path-check.ts";
import { type CertificateCheck, isAuthorityPlace } from "./certificate-check.ts";

/** The key of the issuer is named by its identifier, and an authority states its own. */
export const keyIdentifiers: CertificateCheck = {
  name: "key-identifiers",
  source: "RFC 5280 4.2.1.1 and 4.2.1.2; GBCS 12",
  judge: (place) => {
    const { subject, issuer, isRoot } = place;
    const { authority, keyIdentifier } = subject;
    if (isAuthorityPlace(place) && keyIdentifier === undefined)
      return fails("key-identifiers", "It has no subjectKeyIdentifier, which an authority must have");
    if (authority?.hasIssuerAndSerial === true)
      return fails("key-identifiers", "It names its issuer's certificate by name and serial number too");
    // A root signs itself, so it need not say whose key that is (RFC 5280 4.2.1.1); if it does, it is its own.
    const expected = isRoot ? keyIdentifier : issuer?.keyIdentifier;
    if (isRoot && authority === undefined) return holds(`Its own key is ${hex(keyIdentifier)}`);
    if (authority?.keyIdentifier === undefined)
      return fails("key-identifiers", "It does not say with which of its issuer's keys it was signed");
    if (expected === undefined) return undefined;
    return authority.keyIdentifier.equals(expected)
      ? holds(`The key that it names as its issuer's is ${hex(expected)}`)
      : fails(
          "key-identifiers",
          `It names ${hex(authority.keyIdentifier)} as its issuer's key, not ${hex(expected)}`,
        );
  },
};

const hex = (octets: Buffer | undefined): string => octets?.toString("hex") ?? "unknown";
