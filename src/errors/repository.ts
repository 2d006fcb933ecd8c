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
});
