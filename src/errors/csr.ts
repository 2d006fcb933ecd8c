import { errorEntries } from "./entry.ts";

/** Refusals of certificate signing requests. Clauses: RFC 2986, SEC Appendix M Appendices F and G, GBCS 12. */
export const csrErrors = errorEntries({
  CSR_TEXT_MALFORMED: {
    what: "The text is not a certificate signing request in one of the accepted forms",
    remedy:
      "Send the DER request in Base64: on one line or broken at 64 or 76 characters, with BEGIN CERTIFICATE REQUEST or BEGIN NEW CERTIFICATE REQUEST lines or with none, and nothing before or after them.",
    status: 400,
  },
  CSR_BASE64_MALFORMED: {
    what: "The request is not strict Base64",
    remedy:
      "Send the DER request in Base64 (RFC 4648 section 4) with its padding and without headers, spaces or line breaks.",
    status: 400,
  },
  CSR_EMPTY: {
    what: "There is no certificate signing request: its text is empty, or in none of the accepted forms",
    remedy:
      "Send the DER request in Base64. In a file it may be broken at 64 or 76 characters and have BEGIN CERTIFICATE REQUEST or BEGIN NEW CERTIFICATE REQUEST lines; in a message of a web service it is one line and nothing else.",
    status: 400,
  },
  CSR_TOO_LARGE: {
    what: "The certificate signing request is larger than any request of these profiles can be",
    remedy: "Send one PKCS#10 request, without further attributes or a chain of certificates.",
    status: 413,
  },
  CSR_MALFORMED: {
    what: "The bytes are not a DER-encoded PKCS#10 certification request",
    remedy:
      "Make the request anew with a tool that writes DER (RFC 2986), and check it with `openssl req -verify -noout`.",
    status: 400,
  },
  CSR_VERSION_UNSUPPORTED: {
    what: "The request's version is not 0",
    remedy: "Set the version of the request to 0, the only one that RFC 2986 defines.",
    status: 400,
  },
  CSR_ATTRIBUTE_DUPLICATED: {
    what: "The request carries more than one extensionRequest attribute, or one with several values",
    remedy:
      "Put all requested extensions into one extensionRequest attribute with one value (RFC 2985 5.4.2).",
    status: 400,
  },
  CSR_EXTENSION_DUPLICATED: {
    what: "The request asks for the same extension twice",
    remedy: "Name each extension once in the extensionRequest attribute (RFC 5280 4.2).",
    status: 400,
  },
  CSR_KEY_ALGORITHM_UNSUPPORTED: {
    what: "The request's public key is not of the kind that this profile has",
    remedy:
      "Generate an elliptic curve key (id-ecPublicKey) for a Device or Organisation Certificate, an RSA key for an IKI Certificate, and make the request anew.",
    status: 400,
  },
  CSR_CURVE_UNSUPPORTED: {
    what: "The request's public key is not on the named curve P-256",
    remedy:
      "Generate the key on prime256v1 (1.2.840.10045.3.1.7), named by its OID, and make the request anew.",
    status: 400,
  },
  CSR_POINT_COMPRESSED: {
    what: "The request's public key is not an uncompressed point",
    remedy: "Encode the public key as an uncompressed point: 04, X, Y (RFC 5480 2.2).",
    status: 400,
  },
  CSR_POINT_OFF_CURVE: {
    what: "The request's public key is not a point of P-256",
    remedy: "The key pair is damaged or was not made by a sound generator; generate a new one.",
    status: 400,
  },
  CSR_RSA_KEY_UNSUPPORTED: {
    what: "The request's RSA key does not have the length and the exponent that the profile asks for",
    remedy: "Generate an RSA key of 2048 bits with public exponent 65537, and make the request anew.",
    status: 400,
  },
  CSR_SIGNATURE_ALGORITHM_UNSUPPORTED: {
    what: "The request is not signed with the algorithm of its profile",
    remedy:
      "Sign with ecdsa-with-SHA256 without parameters (RFC 5758 3.2) for a Device or Organisation CSR, with sha256WithRSAEncryption for an IKI CSR.",
    status: 400,
  },
  CSR_SIGNATURE_INVALID: {
    what: "The request's signature does not verify under its own public key",
    remedy: "Sign the request with the private key that belongs to its public key, and send it unaltered.",
    status: 400,
  },
  CSR_SUBJECT_NOT_EMPTY: {
    what: "A Device CSR has a subject name",
    remedy:
      "Leave the subject empty; the Device ID stands in the subjectAltName (SEC Appendix M Appendix F).",
    status: 400,
  },
  CSR_SUBJECT_INVALID: {
    what: "The request's subject does not have the attributes of its profile",
    remedy:
      "Organisation CSR: optional CN, OU with the role code, uniqueIdentifier with the EUI-64. IKI CSR: O, OU with the role code, CN. One attribute in each RDN, each once (SEC Appendix M Appendices F and G).",
    status: 400,
  },
  CSR_ROLE_INVALID: {
    what: "The request's OU is not a Remote Party Role Code of two upper-case hexadecimal digits",
    remedy: "Write the role code as two digits, for example 02 for a supplier or 7F for another user.",
    status: 400,
  },
  CSR_ENTITY_IDENTIFIER_INVALID: {
    what: "The request's identifier is not an EUI-64 of 8 octets",
    remedy:
      "Write the 64 bits of the EUI-64 as they are: an OCTET STRING in a Device CSR, a BIT STRING without unused bits in an Organisation CSR.",
    status: 400,
  },
  CSR_KEY_USAGE_MISSING: {
    what: "The request does not ask for a key usage",
    remedy: "Put a keyUsage extension into the request (SEC Appendix M Appendix F).",
    status: 400,
  },
  CSR_KEY_USAGE_INVALID: {
    what: "The request does not ask for exactly one key usage of its profile",
    remedy:
      "Ask for exactly one of digitalSignature and keyAgreement (for an IKI CSR: digitalSignature), with a key pair for each use.",
    status: 400,
  },
  CSR_SUBJECT_ALT_NAME_MISSING: {
    what: "A Device CSR has no subjectAltName",
    remedy:
      "Put the Device ID into a subjectAltName with one hardwareModuleName (RFC 4108 5, SEC Appendix M Appendix F).",
    status: 400,
  },
  CSR_SUBJECT_ALT_NAME_INVALID: {
    what: "The request's subjectAltName is not one otherName hardwareModuleName",
    remedy:
      "Give exactly one GeneralName: otherName, type 1.3.6.1.5.5.7.8.4, value HardwareModuleName (RFC 4108 5).",
    status: 400,
  },
  CSR_NAMES_SEVERAL: {
    what: "The request's subjectAltName has several names",
    remedy: "Send one request for each Device: exactly one name stands in a subjectAltName.",
    status: 400,
  },
});
