import { errorEntries } from "./entry.ts";

export const certificateErrors = errorEntries({
  DER_TRUNCATED: {
    what: "The DER ends before the element it announces",
    remedy: "Send the whole encoding; check that the file or message was not cut.",
    status: 400,
  },
  DER_TRAILING_BYTES: {
    what: "There are bytes after the end of the DER structure",
    remedy: "Send exactly one encoding with nothing after it.",
    status: 400,
  },
  DER_LENGTH_NOT_MINIMAL: {
    what: "A DER length is not in its shortest form",
    remedy: "Encode with DER (X.690 10.1), not BER.",
    status: 400,
  },
  DER_LENGTH_INDEFINITE: {
    what: "A length is of the indefinite form, which DER does not have",
    remedy: "Encode with DER (X.690 10.1), not BER.",
    status: 400,
  },
  DER_TOO_DEEP: {
    what: "The DER is nested deeper than is allowed",
    remedy: "Send an ordinary certificate structure; nothing of the SMKI nests this deep.",
    status: 400,
  },
  DER_TOO_LARGE: {
    what: "The DER is larger than is allowed",
    remedy: "Send one structure of an ordinary size.",
    status: 413,
  },
  DER_TAG_UNEXPECTED: {
    what: "The DER holds another kind of element than the structure has here",
    remedy: "Compare the encoding with the structure's ASN.1 at the offset given.",
    status: 400,
  },
  DER_TAG_UNSUPPORTED: {
    what: "A DER tag is of a form that no SMKI structure uses",
    remedy: "Use low tag numbers, primitive strings and constructed sequences and sets (X.690 8.1.2, 10.2).",
    status: 400,
  },
  DER_INTEGER_NOT_MINIMAL: {
    what: "A DER integer is empty or has superfluous leading octets",
    remedy: "Encode integers in the fewest octets (X.690 8.3.2).",
    status: 400,
  },
  DER_INTEGER_OUT_OF_RANGE: {
    what: "A DER integer is outside the range that it may have here",
    remedy: "Send a value within the range that the structure allows.",
    status: 400,
  },
  DER_BOOLEAN_INVALID: {
    what: "A DER boolean is not one octet 00 or FF",
    remedy: "Encode TRUE as FF and FALSE as 00 (X.690 11.1).",
    status: 400,
  },
  DER_DEFAULT_ENCODED: {
    what: "A value that equals its default is encoded, which DER forbids",
    remedy: "Leave out values that equal their DEFAULT (X.690 11.5).",
    status: 400,
  },
  DER_BIT_STRING_INVALID: {
    what: "A DER bit string has a wrong count of unused bits, unused bits that are set, or trailing zero bits",
    remedy: "Encode bit strings as X.690 11.2 has them.",
    status: 400,
  },
  DER_NULL_INVALID: {
    what: "A DER null has contents",
    remedy: "Encode NULL as 05 00 (X.690 8.8).",
    status: 400,
  },
  DER_OID_INVALID: {
    what: "An object identifier is malformed",
    remedy: "Give an object identifier such as 1.2.840.10045.4.3.2, encoded as X.690 8.19 has it.",
    status: 400,
  },
  DER_TIME_INVALID: {
    what: "A time is not a real instant in the form that RFC 5280 4.1.2.5 demands",
    remedy: "Write YYMMDDHHMMSSZ as UTCTime or YYYYMMDDHHMMSSZ as GeneralizedTime.",
    status: 400,
  },
  DER_STRING_INVALID: {
    what: "A string holds characters that its type does not have",
    remedy: "Use the characters of the string type given, in its encoding.",
    status: 400,
  },
  DER_SET_INVALID: {
    what: "A set is empty or its elements are not in the order that DER demands",
    remedy: "Sort the elements of a SET OF by their encodings (X.690 11.6).",
    status: 400,
  },
  CERTIFICATE_VERSION_INVALID: {
    what: "The certificate's version is unknown or does not allow a field that it has",
    remedy: "Send an X.509 version 3 certificate (RFC 5280 4.1.2.1).",
    status: 400,
  },
  CERTIFICATE_EXTENSIONS_INVALID: {
    what: "A list of extensions is empty or holds one extension twice",
    remedy: "Encode each extension at most once, and no empty list (RFC 5280 4.2).",
    status: 400,
  },
  CERTIFICATE_FILE_INVALID: {
    what: "The file holds no certificate that can be read",
    remedy: "Give certificates as PEM (BEGIN CERTIFICATE) or DER, and nothing else.",
    status: 400,
  },
  BUNDLE_FILE_INVALID: {
    what: "The file holds no certificate or revocation list that can be read",
    remedy:
      "Give certificates and CRLs as PEM (BEGIN CERTIFICATE, BEGIN X509 CRL), DER or Base64, and nothing else; a private key belongs in no such file.",
    status: 400,
  },
  EUI64_INVALID: {
    what: "The identifier is not an EUI-64",
    remedy: "Write the EUI-64 as 16 hexadecimal digits, with or without hyphens.",
    status: 400,
  },
  SERIAL_NUMBER_INVALID: {
    what: "The serial number is not a positive number of at most 16 octets in hexadecimal",
    remedy: "Copy the serial number from the certificate, in hexadecimal.",
    status: 400,
  },
  SERIAL_NUMBER_TIME_INVALID: {
    what: "The clock does not allow a serial number to be made",
    remedy: "Set the machine's clock to the present time.",
    status: 500,
  },
  REMOTE_PARTY_ROLE_UNKNOWN: {
    what: "There is no Remote Party Role with that code",
    remedy: "Use one of the Remote Party Role codes of GBCS: 0 to 8, 127, or 128 to 138.",
    status: 400,
  },
  KEY_IDENTIFIER_INVALID: {
    what: "The key identifier is not 8 or 20 octets in hexadecimal",
    remedy: "Copy the subject key identifier of the issuing certificate.",
    status: 400,
  },
  PUBLIC_KEY_POINT_INVALID: {
    what: "The public key is not an uncompressed point on the curve P-256",
    remedy: "Make a new key pair on prime256v1 and send its uncompressed point (RFC 5480 2.2).",
    status: 422,
  },
  PUBLIC_KEY_ALGORITHM_UNSUPPORTED: {
    what: "The public key is of an algorithm or curve that the SMKI does not use",
    remedy: "Use a P-256 key (id-ecPublicKey with prime256v1), or an RSA key for the IKI.",
    status: 422,
  },
  PUBLIC_KEY_RSA_INVALID: {
    what: "The RSA public key has no sound modulus or exponent",
    remedy: "Make a new RSA key pair of 2048 bits with exponent 65537.",
    status: 422,
  },
  PUBLIC_KEY_IMPORT_FAILED: {
    what: "The public key was refused by the cryptographic library",
    remedy: "Make a new key pair and send its public key again.",
    status: 422,
  },
  SIGNATURE_ALGORITHM_UNSUPPORTED: {
    what: "The signature algorithm is one that the SMKI does not use",
    remedy: "Sign with ecdsa-with-SHA256, or with sha256WithRSAEncryption for the IKI.",
    status: 422,
  },
  SIGNATURE_ENCODING_INVALID: {
    what: "The ECDSA signature is not a DER ECDSA-Sig-Value with minimal integers in range",
    remedy: "Encode r and s as DER integers without superfluous leading zero octets (RFC 3279 2.2.3).",
    status: 422,
  },
  SIGNATURE_KEY_MISMATCH: {
    what: "The signature's algorithm does not fit the key that is to verify it",
    remedy: "Verify with the key of the certificate that issued this one.",
    status: 422,
  },
  CERTIFICATE_NOT_IN_PROFILE: {
    what: "The certificate is not what its profile encodes",
    remedy:
      "Compare the part named with the certificate profile, or lint the certificate for every deviation.",
    status: 422,
  },
  CERTIFICATE_FIELD_INVALID: {
    what: "A field cannot be put into a certificate of this profile",
    remedy: "Correct the field named.",
    status: 422,
  },
  PATH_BUDGET_EXCEEDED: {
    what: "The search for a path to a root was given up: there were too many certificates that fit to try them all",
    remedy:
      "Give only the certificates that belong to the path; a pool like this one is made to be costly, not to be used.",
    status: 422,
  },
});
