import { errorEntries } from "./entry.ts";

export const webErrors = errorEntries({
  REQUEST_INVALID: {
    what: "The request is not of the form that this address takes",
    remedy: "Compare it with /api/v1/openapi.json.",
    status: 400,
  },
  REQUEST_TOO_LARGE: {
    what: "The request is larger than this address takes",
    remedy: "Split it into smaller requests.",
    status: 413,
  },
  UPLOADS_TOO_MANY: {
    what: "As many uploads as this service takes at once are under way, of your Party or in all",
    remedy:
      "Send it again in some seconds, when another has ended. Batches that are sent one after the other are not slower: they are worked on in turn.",
    status: 429,
  },
  UPLOAD_SPACE_FULL: {
    what: "There is no room to take in a file of this size just now",
    remedy:
      "Send it again later. The operator makes room in the folder for temporary files (TMPDIR) of the web process.",
    status: 503,
  },
  ADDRESS_NOT_FOUND: {
    what: "There is nothing at this address",
    remedy: "See /api/v1/openapi.json for what there is.",
    status: 404,
  },
  METHOD_NOT_ALLOWED: {
    what: "This address does not take that method",
    remedy: "Use one that the Allow header names; see /api/v1/openapi.json.",
    status: 405,
  },
  MEDIA_TYPE_UNSUPPORTED: {
    what: "The body is of a type that this address does not take",
    remedy:
      "Send the type that this address takes, and name it in content-type: application/json at most of them, at others what the details or /api/v1/openapi.json name.",
    status: 415,
  },
  REQUEST_NOT_HTTP: {
    what: "What was sent is not an HTTP request",
    remedy: "Send HTTP/1.1 over TLS.",
    status: 400,
  },
  REQUEST_TIMED_OUT: {
    what: "The request did not come to its end in time",
    remedy: "Send it again, in one go, or in smaller parts.",
    status: 408,
  },
  REQUEST_HEADERS_TOO_LARGE: {
    what: "The header of the request is larger than this service takes",
    remedy: "Send fewer or shorter header fields, 16 kB in all at the most.",
    status: 431,
  },
  CREDENTIAL_EXPIRED: {
    what: "The IKI Certificate of this connection has expired",
    remedy: "Have a new one issued to the officer or system, and connect with it.",
    status: 401,
  },
  XML_INVALID: {
    what: "The request is not the XML document that this service takes",
    remedy: "Send the one root element, without document type, entities or processing instructions.",
    status: 400,
  },
  SERVICE_STOPPING: {
    what: "The service is stopping and takes no new requests",
    remedy: "Send the request again when it is back.",
    status: 503,
  },
  INTERNAL: {
    what: "Something went wrong inside the service",
    remedy: "Try again; if it happens again, give the operator the request number.",
    status: 500,
  },
  TLS_FILES_UNUSABLE: {
    what: "The server's TLS certificate or key cannot be used",
    remedy:
      "Check web.tls.certificateFile and web.tls.keyFile: PEM, a matching pair, readable, with an RSA key of 2048 bits (SEC Appendix M, appendix G).",
    status: 500,
  },
  TLS_FILES_NEEDED: {
    what: "A live service needs a TLS certificate of its own",
    remedy: "Set web.tls.certificateFile and web.tls.keyFile.",
    status: 500,
  },
  PORT_IN_USE: {
    what: "The port is in use by another program",
    remedy:
      "Stop that program, or set another port (web.port, repositoryService.port; 0 takes any that is free).",
    status: 500,
  },
  ADDRESS_UNUSABLE: {
    what: "The service cannot listen on that address and port",
    remedy:
      "Check web.host (of a witness: --host), an address of this machine, and web.port (--port): one below 1024 needs root or CAP_NET_BIND_SERVICE.",
    status: 500,
  },
  BOXED_SERVICE_IN_LIVE: {
    what: "The repository service in the manner of DCC Boxed does not start in a live environment",
    remedy:
      "It answers without authentication and its bundle carries private keys. Set repositoryService.enabled to false.",
    status: 500,
  },
});
