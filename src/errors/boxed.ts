import { errorEntries } from "./entry.ts";

/** The repository service in the manner of DCC Boxed. It answers with statuses of its own: src/web/boxed/refusal.ts. */
export const boxedErrors = errorEntries({
  BOXED_PARAMETERS_INVALID: {
    what: "The request does not hold the parameters of this search",
    remedy:
      "Send one CertificateSubjectAltName (device) or CertificateSubjectName (organisation) in a CertificateSearchRequest, or one CertificateSerial in a CertificateDataRequest.",
    status: 401,
  },
  BOXED_CERTIFICATE_NOT_FOUND: {
    what: "No Device or Organisation Certificate is lodged under that identifier",
    remedy:
      "Check the identifier and its element: a device goes into CertificateSubjectAltName, an organisation into CertificateSubjectName.",
    status: 404,
  },
  BOXED_API_KEY_WRONG: {
    what: "The apikey of the request is not the one that this service is set to",
    remedy: "Put the value of the setting repositoryService.apiKey in the query, ?apikey=…, once.",
    status: 401,
  },
  BOXED_MEDIA_TYPE: {
    what: "The body is not sent as XML in UTF-8",
    remedy: "Send it with the header content-type: application/xml, with no charset or charset=utf-8.",
    status: 400,
  },
  BOXED_REQUEST_INVALID: {
    what: "The request is not one of HTTP that this service takes",
    remedy: "Compare the address, its encoding and the headers with docs/boxed-service.md.",
    status: 400,
  },
  BOXED_ADDRESS_NOT_FOUND: {
    what: "There is nothing at this address of the repository service",
    remedy:
      "Use POST /services/certificatesearch, POST /services/retrievecertificate or GET /assets/crypto/org-crypto.zip.",
    status: 404,
  },
  BOXED_BUNDLE_MISSING: {
    what: "This service has no bundle of organisation certificates and keys",
    remedy: "Start it with `smki demo`, which makes sample organisations, or search for their certificates.",
    status: 404,
  },
  BOXED_BUNDLE_ENTRY_INVALID: {
    what: "An entry of the bundle cannot be given out",
    remedy:
      "Give each entry a name of its own, of letters, digits, hyphens and underscores, and a certificate with the private key that belongs to it.",
    status: 500,
  },
  BOXED_HOST_REFUSED: {
    what: "The request names a host that is not this machine's loopback",
    remedy:
      "Address the service as 127.0.0.1, [::1] or localhost. Other names are refused, since a web page could have one of its own lead here and read the bundle.",
    status: 403,
  },
  BOXED_SERVICE_LOOPBACK_ONLY: {
    what: "The repository service in the manner of DCC Boxed listens on loopback only",
    remedy:
      "It answers without authentication and its bundle carries private keys. Listen on 127.0.0.1 or ::1, and reach it from elsewhere through a tunnel such as ssh -L.",
    status: 500,
  },
});
