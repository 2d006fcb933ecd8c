import { errorEntries } from "./entry.ts";

export const repositoryErrors = errorEntries({
  SEARCH_EMPTY: {
    what: "The search names nothing to look for",
    remedy: "Give at least one of device, organisation, role, usage, status or serial number.",
    status: 422,
  },
  LIST_NOT_FOUND: {
    what: "This CA has published no revocation list",
    remedy: "The Issuing DCA has none: a Device Certificate cannot be revoked. See `smki authority list`.",
    status: 404,
  },
  LIST_NUMBER_UNKNOWN: {
    what: "This CA has published no revocation list with that number",
    remedy:
      "`smki authority revocation-list` gives the current one, whose number no other exceeds. After a restore numbers are skipped, and the lists that were lost are not known.",
    status: 404,
  },
  AUTHORITY_NOT_FOUND: {
    what: "No such CA in this estate",
    remedy: "See the CAs with `smki authority list`.",
    status: 404,
  },
  REPOSITORY_CREDENTIAL_WRONG: {
    what: "This is no credential of a repository user",
    remedy:
      "Give the API key or SSH key as it was issued. After five wrong ones within an hour the user is locked out. The operator issues another with `smki repository key`.",
    status: 401,
  },
  REPOSITORY_USER_LOCKED: {
    what: "The user is locked out after wrong credentials",
    remedy:
      "Wait until the time that is given, or ask the operator, who looks who it was and then runs `smki repository unlock`.",
    status: 403,
  },
  REPOSITORY_USER_NOT_FOUND: {
    what: "There is no such repository user",
    remedy: "See the users with `smki repository users`.",
    status: 404,
  },
  REPOSITORY_USER_INVALID: {
    what: "A repository user cannot be registered like this",
    remedy: "The details name the field. Correct it and register again.",
    status: 422,
  },
  SSH_KEY_INVALID: {
    what: "This is no SSH public key that the file transfer takes",
    remedy:
      "Give the one line of a .pub file: ssh-ed25519, ecdsa-sha2-nistp256/384/521, or ssh-rsa of 2048 bits or more. Never the private key.",
    status: 422,
  },
  REPOSITORY_PARAMETERS_INVALID: {
    what: "The request does not hold the parameters of this operation",
    remedy: "Send the elements that docs/repository.md names for it, each once, and no others.",
    status: 401,
  },
  REPOSITORY_CERTIFICATE_NOT_FOUND: {
    what: "No Device or Organisation Certificate is lodged under that identifier",
    remedy:
      "Check the identifier and its element: a device goes into CertificateSubjectAltName, an organisation into CertificateSubjectName.",
    status: 404,
  },
  REPOSITORY_MEDIA_TYPE: {
    what: "The body is not sent as XML in UTF-8",
    remedy: "Send it with the header content-type: application/xml, with no charset or charset=utf-8.",
    status: 415,
  },
  REPOSITORY_REQUEST_INVALID: {
    what: "The request is not one of HTTP that the repository's web service takes",
    remedy: "Compare the address, its encoding and the headers with docs/repository.md.",
    status: 400,
  },
  DOCUMENT_INVALID: {
    what: "The document cannot be lodged like this",
    remedy: "The details name the field and what is expected of it. See docs/repository.md.",
    status: 422,
  },
  DOCUMENT_NOT_FOUND: {
    what: "The repository has no such document, or not in that version",
    remedy: "See what there is with `smki repository document list` or GET /api/v1/documents.",
    status: 404,
  },
  DOCUMENT_VERSION_EXISTS: {
    what: "This version of the document is lodged already, and never changes",
    remedy:
      "Compare the SHA-256 in the details with that of your file: where they are the same, nothing is left to do. Else lodge under the next version number.",
    status: 409,
  },
  DOCUMENT_TOO_LARGE: {
    what: "The document is larger than the repository takes",
    remedy: "Make it smaller, for example by less fine pictures. The details name the limit in octets.",
    status: 413,
  },
  DOCUMENT_DAMAGED: {
    what: "The document is not the one whose SHA-256 was given",
    remedy: "It changed on the way or while it was read: send it again, whole.",
    status: 422,
  },
  DOCUMENT_ALTERED: {
    what: "A document in the database is not the one that was lodged",
    remedy:
      "Its SHA-256 stands in the ledger's act `document.lodged`. Find out who changed the database, and restore it from a back-up.",
    status: 500,
  },
});
