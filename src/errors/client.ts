import { errorEntries } from "./entry.ts";

/** What `smki client` meets: its folder, and services that may be anybody's. */
export const clientErrors = errorEntries({
  CLIENT_FOLDER_EMPTY: {
    what: "There is no CSR in the folder",
    remedy:
      "Put files named *.csr or *.der into it, each with one CSR; folders within it are not looked into.",
    status: 500,
  },
  CLIENT_FOLDER_IN_USE: {
    what: "Another client works on this folder",
    remedy: "Wait until it has ended, or stop it: whatever it has done is kept and gone on with.",
    status: 500,
  },
  CLIENT_NAMES_CLASH: {
    what: "Two CSRs of the folder would have their certificates in the same file",
    remedy: "Rename one of them.",
    status: 500,
  },
  CLIENT_CERTIFICATE_OF_ANOTHER: {
    what: "Where the certificate of this CSR would be written lies a file that is not its certificate",
    remedy: "Move that file away, or take the CSR out of the folder; nothing is written over it.",
    status: 500,
  },
  CLIENT_JOURNAL_UNUSABLE: {
    what: "The journal of the client is not one that this release can read",
    remedy:
      "Do not remove it: it says which batches were sent. Restore it from a copy, or ask the Service Desk which batches were received before you start anew in another folder.",
    status: 500,
  },
  CLIENT_JOURNAL_OF_ANOTHER_SERVICE: {
    what: "The batches of this folder were sent to another service",
    remedy: "Give the address that the journal has, or copy the CSRs into a folder of their own.",
    status: 500,
  },
  CLIENT_BATCH_UNKNOWN: {
    what: "The journal has no batch of that number that a person could decide on",
    remedy:
      "Run the command without --resend and --received: they are for batches that were sent and whose results are not there.",
    status: 500,
  },
  CLIENT_CREDENTIAL_UNUSABLE: {
    what: "The certificate, the key or the CA cannot be used for TLS",
    remedy:
      "Give PEM files: the IKI Certificate of your system for this service, and the key that belongs to it.",
    status: 500,
  },
  CLIENT_NOT_CONNECTED: {
    what: "The service could not be asked",
    remedy: "Check the address, the network and --ca; then run the same command again.",
    status: 500,
  },
  CLIENT_SUBMISSION_UNANSWERED: {
    what: "A batch was sent, and whether the service has received it is not known",
    remedy:
      "Appendix M has no way to ask for it. If the service's own words in the details say why it was not taken (a credential for something else, say), put that right and run again with --resend NUMBER. Otherwise ask the Service Desk with its reference; then run again with --received NUMBER=BATCHID if it was received, or with --resend NUMBER if it was not.",
    status: 500,
  },
  CLIENT_SUBMISSION_REFUSED: {
    what: "The service refused the batch",
    remedy:
      "Correct what the answer names. Its CSRs are sent again in another batch when you run the command again.",
    status: 500,
  },
  CLIENT_ANSWER_REFUSED: {
    what: "The service answered the request with a refusal",
    remedy: "See what its answer says; the Service Desk can explain the code.",
    status: 500,
  },
  CLIENT_ANSWER_STATUS: {
    what: "The service answered with an HTTP status that this interface does not have",
    remedy:
      "Check the address, the certificate and, of the SMKI Repository, the API key. A redirection is never followed, since it could lead anywhere.",
    status: 500,
  },
  CLIENT_ANSWER_OF_ANOTHER: {
    what: "The service answered with what belongs to another request",
    remedy: "Nothing of it was taken. Report it to whoever runs the service.",
    status: 500,
  },
});
