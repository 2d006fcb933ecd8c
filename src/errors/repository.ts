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
});
