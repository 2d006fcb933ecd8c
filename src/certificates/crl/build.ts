import { SmkiError } from "../../errors/smki-error.ts";
import {
  bitString,
  contextConstructed,
  element,
  objectIdentifier,
  octetString,
  readDer,
  sequence,
  smallInteger,
  Tag,
  time,
  unsignedInteger,
} from "../der/index.ts";
import { encodeAuthorityKeyIdentifier } from "../extensions/index.ts";
import {
  checkEcdsaEncoding,
  ecdsaWithSha256,
  type SignatureAlgorithm,
  sha256WithRsaEncryption,
} from "../keys/index.ts";
import { type AuthorityName, profileRules } from "../profiles/index.ts";
import { encodeAuthorityName } from "../profiles/names.ts";
import { type KeyIdentifier, Oids } from "../vocabulary/index.ts";
import { encodeRevokedEntries, type RevokedCertificate } from "./encode-entries.ts";
import { crlOctetLimit } from "./parse.ts";

/** What a CRL or ARL says besides its entries (RFC 5280 section 5; SEC Appendix B, CRL and ARL profile). */
export interface CrlHead {
  /** Subject of the CA that signs the list. */
  readonly issuer: AuthorityName;
  /** `ecdsa-with-SHA256` for the OCA, `sha256WithRSAEncryption` for the IKI CA. */
  readonly algorithm: SignatureAlgorithm;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  /** Never goes back (RFC 5280 5.2.3). */
  readonly number: bigint;
  /** Subject key identifier of the CA that signs the list. */
  readonly authorityKeyIdentifier: KeyIdentifier;
}

/** What a CRL or ARL says. */
export interface CrlFields extends CrlHead {
  /** In the order in which they are to stand. */
  readonly revoked: readonly RevokedCertificate[];
}

const version2 = smallInteger(1);

/**
 * Builds the to-be-signed part of a CRL or ARL. Equal fields give equal octets.
 *
 * @returns the DER TBSCertList
 * @throws SmkiError CERTIFICATE_FIELD_INVALID, DER_TIME_INVALID
 */
export function buildTbsCrl(fields: CrlFields): Buffer {
  return buildTbsCrlOfEntries(fields, encodeRevokedEntries(fields.revoked));
}

/**
 * As {@link buildTbsCrl}, of entries that are encoded already.
 *
 * @param entries - from {@link RevokedEntryWriter}; copied
 */
export function buildTbsCrlOfEntries(fields: CrlHead, entries: Buffer): Buffer {
  // The IKI's row lets the OU of an authority be there or not, which is what a list needs.
  const issuer = encodeAuthorityName(fields.issuer, profileRules["iki-root"], "issuer");
  return sequence(
    version2,
    fields.algorithm === "ecdsa-with-SHA256" ? ecdsaWithSha256 : sha256WithRsaEncryption,
    issuer,
    time(fields.thisUpdate.getTime()),
    time(fields.nextUpdate.getTime()),
    // RFC 5280 5.1.2.6 wants it absent, not empty.
    entries.length === 0 ? entries : element(Tag.sequence, entries),
    element(contextConstructed(0), encodeExtensions(fields)),
  );
}

function encodeExtensions(fields: CrlHead): Buffer {
  const authority = encodeAuthorityKeyIdentifier(fields.authorityKeyIdentifier);
  return sequence(
    sequence(objectIdentifier(Oids.authorityKeyIdentifier), octetString(authority)),
    sequence(objectIdentifier(Oids.cRLNumber), octetString(encodeNumber(fields.number))),
  );
}

/** CRLNumber ::= INTEGER (0..MAX), at most 20 octets (RFC 5280 5.2.3). */
function encodeNumber(number: bigint): Buffer {
  const digits = number.toString(16);
  if (number < 0n || digits.length > 39)
    throw new SmkiError("CERTIFICATE_FIELD_INVALID", { field: "number" });
  return unsignedInteger(Buffer.from(digits.padStart(digits.length + (digits.length % 2), "0"), "hex"));
}

/**
 * Puts a TBSCertList and its signature together; the outer algorithm is the one that was signed over.
 *
 * @param tbs - from {@link buildTbsCrl}
 * @param signature - a DER ECDSA-Sig-Value, or the octets of an RSA signature
 * @returns the DER CertificateList
 * @throws SmkiError SIGNATURE_ENCODING_INVALID, SIGNATURE_ALGORITHM_UNSUPPORTED, or with a `DER_` code
 */
export function assembleCrl(tbs: Uint8Array, signature: Uint8Array): Buffer {
  const algorithm = algorithmOf(tbs);
  if (algorithm.equals(ecdsaWithSha256)) checkEcdsaEncoding(signature);
  else if (!algorithm.equals(sha256WithRsaEncryption)) throw new SmkiError("SIGNATURE_ALGORITHM_UNSUPPORTED");
  return sequence(tbs, algorithm, bitString(signature));
}

/** The signature field; what follows it is not looked into, since whoever publishes parses the whole list anyway. */
function algorithmOf(tbs: Uint8Array): Buffer {
  return readDer(
    tbs,
    (reader) =>
      reader.sequence((inner) => {
        inner.element(); // version
        const algorithm = inner.element();
        inner.rest();
        return algorithm;
      }),
    { maximumSize: crlOctetLimit },
  );
}
