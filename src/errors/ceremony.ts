import { errorEntries } from "./entry.ts";

export const ceremonyErrors = errorEntries({
  REVOCATION_INCOMPLETE: {
    what: "The ceremony was not told which CA to revoke",
    remedy: "Name it with --authority; `smki authority list` shows them.",
    status: 422,
  },
  CEREMONY_WITNESSES_NEEDED: {
    what: "A ceremony needs more witnesses, each a different person",
    remedy: 'Name each with `--witness "NAME"`; no person counts twice.',
    status: 422,
  },
  WITNESS_NAME_INVALID: {
    what: "A person's name cannot stand in the record of a ceremony",
    remedy: "Give it on one line, without control characters, 200 characters at the most.",
    status: 422,
  },
  HIERARCHY_EXISTS: {
    what: "This data folder has its key hierarchies already",
    remedy:
      "Extend them (`smki ceremony stock`, `smki ceremony arl`), or use another data folder with `--data`.",
    status: 409,
  },
  HIERARCHY_MISSING: {
    what: "There is no key hierarchy in this data folder yet",
    remedy: 'Run `smki ceremony found --witness "NAME" --witness "NAME"` first.',
    status: 409,
  },
  CEREMONY_UNDER_WAY: {
    what: "Another ceremony is being held in this estate",
    remedy: "Wait until it has ended; one that was stopped holds nothing up.",
    status: 409,
  },
  AUTHORITY_REVOKED_ALREADY: {
    what: "The CA is revoked already",
    remedy: "Nothing to do; it stands on the current ARL of its root.",
    status: 409,
  },
  ROOT_NOT_REVOCABLE: {
    what: "A root is on no list of revoked CAs",
    remedy:
      "Revoke the CAs under it. A compromised root is replaced on devices by the recovery procedure, with the Contingency key.",
    status: 409,
  },
  RELEASE_NOT_POSSIBLE: {
    what: "So many Issuing DCAs are not in stock",
    remedy: "See the stock with `smki authority list`; make more with `smki ceremony stock`.",
    status: 409,
  },
});
