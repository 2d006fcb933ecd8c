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
    remedy:
      "Wait until it has ended. One that was stopped is resumed or abandoned: `smki ceremony list` shows it.",
    status: 409,
  },
  REPLACEMENT_NOT_POSSIBLE: {
    what: "Only an Issuing OCA or an issuing CA of the IKI is replaced, and only when it is revoked and no other has its place",
    remedy:
      "See the CAs with `smki authority list`. Revoke the CA first with `smki ceremony revoke`; an Issuing DCA is replaced from the stock.",
    status: 409,
  },
  AUTHORITY_NAME_UNUSABLE: {
    what: "That name cannot be given to a CA: it is taken, kept for the Issuing DCAs, too long, or no letters and digits",
    remedy: "Give another with `--name`; a name is given once, for ever.",
    status: 422,
  },
  CEREMONY_UNFINISHED: {
    what: "An earlier ceremony of this estate was interrupted and is unfinished",
    remedy:
      "Go on with it (`smki ceremony resume --witness NAME --witness NAME`), or give it up and destroy its keys (`smki ceremony abandon`, with witnesses too).",
    status: 409,
  },
  CEREMONY_NONE_UNFINISHED: {
    what: "No ceremony of this estate is unfinished",
    remedy: "Nothing to do; `smki ceremony list` shows them all.",
    status: 409,
  },
  CEREMONY_HELD_ALREADY: {
    what: "The ceremony was held: what it made is lodged and in use, and only its record is missing",
    remedy:
      "Have its record signed with `smki ceremony resume --witness NAME --witness NAME`. A CA that nobody wants is revoked.",
    status: 409,
  },
  CEREMONY_TERMS_CHANGED: {
    what: "The ceremony began under other names, policies, lifetimes or stock than the settings and the edition say now",
    remedy: "Put the settings back as they were and resume it, or abandon it and begin another.",
    status: 409,
  },
  CEREMONY_BEFORE_RESTORE: {
    what: "The ceremony began before a restore that lost acts: it may have come to its end in what was lost",
    remedy:
      "Look for a signed record of it. Then give it up with `smki ceremony abandon`, which destroys every key that it made, and begin another.",
    status: 409,
  },
  CEREMONY_FILE_UNWRITABLE: {
    what: "A file of a ceremony cannot be written",
    remedy:
      "Name a file in a folder that is there, on a disk with room. What was recorded is in the database: `smki ceremony record NUMBER` makes its files again.",
    status: 500,
  },
  CEREMONY_KEY_CHANGED: {
    what: "A key that the ceremony made is not in its key store any more, or is another",
    remedy:
      "Abandon the ceremony with `smki ceremony abandon`, find out who was at the key store, and begin another.",
    status: 409,
  },
  CEREMONY_KEY_IN_USE: {
    what: "The ceremony was to make a key that a CA of this estate already has",
    remedy:
      "Nothing was destroyed. Abandon the ceremony with `smki ceremony abandon` and report this as a defect.",
    status: 409,
  },
  CEREMONY_NOT_FOUND: {
    what: "There is no ceremony with that number in this estate",
    remedy: "`smki ceremony list` shows them all.",
    status: 404,
  },
  CEREMONY_NOT_CONFIRMED: {
    what: "Nothing was done: the question was not answered with yes",
    remedy: "Call it again and answer `yes`, or give `--yes` where nobody can answer.",
    status: 409,
  },
  CEREMONY_TERMINAL_NEEDED: {
    what: "A ceremony step by step needs a person at a terminal",
    remedy: "Run it in a terminal, not through a pipe; or leave `--step-by-step` out.",
    status: 409,
  },
  CEREMONY_STOPPED: {
    what: "The ceremony was stopped before the step that was next: what was done before stands in its journal",
    remedy:
      "Go on with it (`smki ceremony resume --witness NAME --witness NAME`), or give it up and destroy its keys (`smki ceremony abandon`, with witnesses too). A rehearsal is gone: begin another.",
    status: 409,
  },
  CEREMONY_FILE_DIFFERS: {
    what: "The file of the signed record is another than the record that the database has",
    remedy:
      "One of them was altered: check the file's signature with the published key of ceremony records. Move the file away to have it written again.",
    status: 409,
  },
  REHEARSAL_UNDER_WAY: {
    what: "Another rehearsal is being held in this data folder",
    remedy: "Wait until it has ended; what one that was stopped left is cleared by the next.",
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
