import { errorEntries } from "./entry.ts";

export const issuanceErrors = errorEntries({
  CSR_OF_ANOTHER_PARTY: {
    what: "The CSR for a credential names another organisation or role than the Party's own",
    remedy:
      "Make the CSR with O = the Party's name as registered (`smki party show`) and OU = the code of one of its roles.",
    status: 422,
  },
  BATCH_EMPTY: {
    what: "The batch holds no CSR",
    remedy: "Send at least one CSR.",
    status: 422,
  },
  BATCH_TOO_LARGE: {
    what: "The batch holds more CSRs than one batch may",
    remedy: "Split it: the whole batch is refused above the limit (SEC L8.2).",
    status: 413,
  },
  BATCH_NOT_FOUND: {
    what: "No such batch of this Party",
    remedy: "Use the number that the submission answered with, and a credential of the same Party.",
    status: 404,
  },
  BATCH_NOT_COMPLETED: {
    what: "The batch is not completed: there are no results to fetch",
    remedy: "Ask for its status, and fetch the results when that is completed.",
    status: 409,
  },
  BATCH_NOT_PENDING: {
    what: "No such batch awaits approval",
    remedy: "See which do with `smki queue batches`; one that was approved or rejected stays so.",
    status: 409,
  },
  OWN_BATCH: {
    what: "Whoever sent a batch may not approve or reject it",
    remedy: "Have another person of the Registration Authority decide.",
    status: 403,
  },
  UPLOAD_LOST: {
    what: "The upload was idle for so long that it was removed",
    remedy: "Send the whole batch again, without pauses.",
    status: 408,
  },
  KEY_ALREADY_CERTIFIED: {
    what: "The public key in the CSR is in a certificate that was issued before",
    remedy:
      "If the answer to an earlier request was lost, fetch that certificate by its serial number; otherwise make a new Key Pair.",
    status: 409,
  },
  KEY_TWICE_IN_BATCH: {
    what: "The public key stands in an earlier CSR of the same batch",
    remedy: "Make a Key Pair for each certificate.",
    status: 409,
  },
  CHUNK_TAKEN_OVER: {
    what: "Another worker has taken the chunk over; nothing was written",
    remedy: "Nothing to do: the other worker finishes it.",
    status: 503,
  },
  CHUNK_NOT_HELD: {
    what: "No such chunk is held",
    remedy: "See what is held with `smki queue show`; a chunk that is not held needs no one.",
    status: 409,
  },
  CHUNK_NOT_NAMED: {
    what: "It is not clear which chunk shall go on",
    remedy: "Name one, or give --all; `smki queue show` names those that are held.",
    status: 422,
  },
  CERTIFICATE_NOT_ISSUED_YET: {
    what: "The CSR is safe, and its certificate is not issued yet",
    remedy:
      "Wait, and look for the certificate in the SMKI Repository. Sent again, the CSR is refused with the serial number of the certificate once there is one.",
    status: 503,
  },
  CREDENTIAL_HOLDER_INVALID: {
    what: "It is not clear who shall hold the IKI credential",
    remedy:
      "Name a registered Party and either one of its officers, who has not left, or one system; for IKI Certificates only.",
    status: 422,
  },
  SUBSCRIBER_NEEDED: {
    what: "The request names no Party as Subscriber",
    remedy: "Name the Party on whose behalf the certificate is asked for.",
    status: 422,
  },
  ISSUING_PLAN_STALE: {
    what: "The CA changed while the chunk was being prepared",
    remedy: "Nothing to do: the chunk is prepared again by itself.",
    status: 503,
  },
  AUTHORITY_MISSING: {
    what: "There is no CA for this kind of certificate",
    remedy: "Run `smki ceremony` to create the key hierarchy.",
    status: 503,
  },
  AUTHORITY_REVOKED: {
    what: "The CA for this kind of certificate is revoked, and this estate has no other",
    remedy:
      "Hold a ceremony that puts another in its place: `smki ceremony replace --authority ID --name NAME`, with its witnesses. What was asked for before goes on by itself.",
    status: 409,
  },
  CLOCK_WENT_BACK: {
    what: "The machine's clock stands before something that was signed already; signing has stopped",
    remedy: "Set the clock right (check the time service), then signing goes on by itself.",
    status: 503,
  },
  CERTIFICATE_LINT_FINDING: {
    what: "The certificate would not conform to its profile, so it is not issued",
    remedy: "Correct the CSR according to the rule that is named.",
    status: 422,
  },
  INTENT_ALTERED: {
    what: "What stands in the database to be signed is not what the ledger says was recorded; nothing was signed",
    remedy:
      "Someone or something has altered the database. Stop the service, run `smki ledger verify`, and examine the database before anything else is issued.",
    status: 500,
  },
  SIGNED_OTHER_THAN_INTENDED: {
    what: "What was signed is not what was recorded to be signed; nothing of the chunk is published",
    remedy: "Stop the service and examine the key store and the database before anything else is issued.",
    status: 500,
  },
  OWN_SIGNATURE_INVALID: {
    what: "A signature just made does not verify under the CA's certificate; nothing is published",
    remedy: "Check that the key store holds the key of this CA, and the health of the module.",
    status: 500,
  },
  LIST_WOULD_SHRINK: {
    what: "The database lacks a revocation that stands on the CA's current list; no list is signed without it",
    remedy:
      "Run `smki ledger verify`: it names what was deleted or altered. Put the revocation back, from a good copy of the database or as its act in the ledger says; lists are made again then.",
    status: 500,
  },
  LIST_REVOCATIONS_ALTERED: {
    what: "What the database has of the CA's revocations no longer gives the list that the CA signed last; no list is signed on it",
    remedy:
      "Run `smki ledger verify`: it names what was altered. Put it back as its act in the ledger says; lists are made again then.",
    status: 500,
  },
  LIST_LINT_FINDING: {
    what: "The CA's list would not conform to its profile, so it is not published",
    remedy:
      "Correct what the rule that is named finds: a serial number, a date or a reason in the CA's revocations, or the CA's certificate. Until then the list before stays in force.",
    status: 500,
  },
  CERTIFICATE_NOT_FOUND: {
    what: "No certificate with that serial number",
    remedy: "Give the serial number in hexadecimal, as the repository shows it.",
    status: 404,
  },
  DEVICE_CERTIFICATE_NOT_REVOCABLE: {
    what: "A Device Certificate cannot be revoked",
    remedy:
      "Devices hold no revocation list for one another, so the Device Certificate Policy has no revocation. Replace the certificate on the device, or mark it as not in use with `smki certificate not-in-use`.",
    status: 409,
  },
  AUTHORITY_REVOKED_IN_CEREMONY: {
    what: "The certificate of a CA is revoked in a ceremony only",
    remedy: "Run `smki ceremony revoke` with its witnesses.",
    status: 409,
  },
  CERTIFICATE_REVOKED_ALREADY: {
    what: "The certificate is revoked already",
    remedy: "Nothing to do; it stands on the current CRL.",
    status: 409,
  },
  CERTIFICATE_EXPIRED: {
    what: "The certificate has expired",
    remedy: "Nothing to do: an expired certificate is not relied on.",
    status: 409,
  },
  NOT_A_DEVICE_CERTIFICATE: {
    what: "Only a Device Certificate is marked as not in use",
    remedy: "Revoke an Organisation or IKI Certificate with `smki certificate revoke`.",
    status: 409,
  },
});
