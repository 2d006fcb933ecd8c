import { errorEntries } from "./entry.ts";

export const ledgerErrors = errorEntries({
  LEDGER_ACT_INVALID: {
    what: "An act holds a value that a ledger entry cannot carry",
    remedy:
      "This is a fault in the program, not in the request: report it with the path that the message names.",
    status: 500,
  },
  LEDGER_ACT_TOO_LARGE: {
    what: "An act is larger than a ledger entry may be",
    remedy: "Record a hash of the large value in the act and keep the value itself elsewhere.",
    status: 500,
  },
  LEDGER_ENTRY_MALFORMED: {
    what: "The bytes of a ledger entry are not an act in its one canonical form",
    remedy: "Run `smki ledger verify`: it names every entry that has been altered.",
    status: 500,
  },
  LEDGER_NOTE_MALFORMED: {
    what: "A text is not a signed note or checkpoint in the C2SP format",
    remedy: "Fetch the checkpoint again; if it is the same, ask whoever gave it for a correct one.",
    status: 400,
  },
  LEDGER_NOTE_UNVERIFIED: {
    what: "A checkpoint carries no valid signature of the key that it is checked with",
    remedy: "Check that the verifier key belongs to this ledger. If it does, do not rely on this checkpoint.",
    status: 422,
  },
  LEDGER_VERIFIER_KEY_MALFORMED: {
    what: "A text is not a verifier key of the form name+id+key (C2SP signed-note)",
    remedy: "Copy the verifier key again, whole, from where the operator publishes it.",
    status: 400,
  },
  LEDGER_ROLLED_BACK: {
    what: "The database holds fewer ledger entries than the ledger's signer has signed for",
    remedy:
      "The database has been restored or has lost commits. Restore it to a later point, so that it holds every entry up to the size named here; nothing is signed until then.",
    status: 503,
  },
  LEDGER_FORKED: {
    what: "The ledger in the database does not extend the last checkpoint that its signer signed",
    remedy:
      "The history has been changed. Stop issuing, keep this database for examination, run `smki ledger verify`, and restore a copy that holds the checkpoint named here; nothing is signed until then.",
    status: 503,
  },
  LEDGER_SIGNER_BEHIND: {
    what: "The database holds a checkpoint that is newer than the last one in the signer's own store",
    remedy:
      "The signer's store has been restored or exchanged. Put the newest copy of it back. If it is lost, verify the ledger against a checkpoint that a third party holds, then make the store anew from the newest checkpoint.",
    status: 503,
  },
  LEDGER_SIGNER_STORE_MISSING: {
    what: "The file in which the ledger's signer keeps its last checkpoint does not exist",
    remedy:
      "Put the file back, or correct the path in the settings. Only a new ledger begins without it, and only in the ceremony.",
    status: 503,
  },
  LEDGER_SIGNER_STORE_EXISTS: {
    what: "The file in which the ledger's signer keeps its last checkpoint exists already",
    remedy:
      "Use it, or name another path. It is never overwritten: that would let the ledger's history fork.",
    status: 409,
  },
  LEDGER_SIGNER_STORE_DAMAGED: {
    what: "The last checkpoint in the signer's own store cannot be read or is not signed by the signer's key",
    remedy:
      "Put the newest good copy of the file back, and check that the key and the origin are this ledger's.",
    status: 503,
  },
  LEDGER_TREE_DAMAGED: {
    what: "A tile of the ledger's tree is missing or has the wrong length",
    remedy: "Run `smki ledger verify`: it names what is wrong. Restore the database from a good copy.",
    status: 500,
  },
  LEDGER_LEAF_NOT_FOUND: {
    what: "The ledger has no such leaf, tile or checkpoint",
    remedy:
      "Ask for one below the size of the newest checkpoint; an act recorded just now has its leaf within a second.",
    status: 404,
  },
});
