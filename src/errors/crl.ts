import { errorEntries } from "./entry.ts";

/** Refusals of certificate revocation lists (RFC 5280 section 5). */
export const crlErrors = errorEntries({
  CRL_MALFORMED: {
    what: "The bytes are not a DER-encoded certificate revocation list",
    remedy:
      "Fetch the list again; if it is still refused, compare it with what `openssl crl -text` says of it.",
    status: 422,
  },
  CRL_PROFILE_UNSUPPORTED: {
    what: "The revocation list is not of the profile that this infrastructure publishes",
    remedy:
      "Run the list through the lint to see which rule it breaks, and take it from the repository of its issuer.",
    status: 422,
  },
});
