import { errorEntries } from "./entry.ts";

export const ledgerCopyErrors = errorEntries({
  LEDGER_CHECKPOINT_NOT_YET: {
    what: "The ledger has no checkpoint yet that it may show",
    remedy:
      "Wait a second after the first act. Where witnesses must cosign (ledger.quorum), see that they answer: `smki status` names those that do not.",
    status: 404,
  },
  LEDGER_SOURCE_UNREACHABLE: {
    what: "The ledger cannot be fetched from that address",
    remedy:
      "Check the address, which ends where `/checkpoint` would follow, and the CA (--ca). Run the same command again: it goes on where it stopped.",
    status: 503,
  },
  LEDGER_COPY_MISSING: {
    what: "The folder holds no copy of a ledger, or not all that a copy has",
    remedy:
      "Make one with `smki ledger copy FOLDER --from URL`, or give the verifier key with --key where only that is missing.",
    status: 404,
  },
  LEDGER_COPY_UNWRITABLE: {
    what: "A file of the copy cannot be written",
    remedy:
      "Check that the folder is yours to write in and that the disk has room; then run the same command again: it goes on where it stopped.",
    status: 500,
  },
  LEDGER_COPY_UNDER_WAY: {
    what: "Another process is copying a ledger into this folder",
    remedy:
      "Wait until it has ended; it is named here. If it runs on another machine that is gone for good, remove the link that is named here.",
    status: 409,
  },
  LEDGER_COPY_DAMAGED: {
    what: "The copy's own checkpoint cannot be relied on, so that nothing can be added to it",
    remedy:
      "Run `smki ledger verify --copy` on it. Keep it, and take a fresh copy in another folder; compare the two with --against.",
    status: 422,
  },
  LEDGER_COPY_KEY_CHANGED: {
    what: "The ledger's verifier key is not the one that the copy was begun with",
    remedy:
      "Ask the operator, by a way that you trust, which key is the ledger's. If it is another ledger, copy it into a folder of its own.",
    status: 409,
  },
  LEDGER_COPY_SOURCE_DAMAGED: {
    what: "What the ledger serves is not what its signed checkpoint speaks of",
    remedy:
      "Nothing of it was kept. Try again, past any cache; if it stays so, tell the operator the path that is named here.",
    status: 422,
  },
  LEDGER_COPY_FORKED: {
    what: "The ledger's checkpoint does not extend the one that this copy holds: history was rewritten",
    remedy:
      "Nothing was changed in the copy. Its checkpoint and the one kept under `refused/` are both signed by the ledger's key, and together prove it: make them known to the other Parties and the witnesses.",
    status: 409,
  },
  LEDGER_COPY_ROLLED_BACK: {
    what: "The ledger shows an older checkpoint than this copy holds",
    remedy:
      "Try again, past any cache. If it stays so, the ledger was put back to an earlier state: the copy's checkpoint, signed by its key, proves that it was larger. Keep the copy, and tell the other Parties and the witnesses.",
    status: 409,
  },
  LEDGER_ACT_NOT_FOUND: {
    what: "The ledger has no act of issuing that certificate",
    remedy:
      "Check that the certificate is of this estate. If it is, run `smki ledger verify`: it names certificates without their act.",
    status: 404,
  },
  LEDGER_ACT_UNSEQUENCED: {
    what: "The act is recorded, and no checkpoint that may be shown covers it yet",
    remedy:
      "Try again in some seconds. If it stays so, see that a worker runs and, where witnesses must cosign, that they answer (`smki status`).",
    status: 409,
  },
  LEDGER_PROOF_MALFORMED: {
    what: "A text is not a proof of the form c2sp.org/tlog-proof@v1",
    remedy: "Fetch or copy the file again, whole and unchanged.",
    status: 400,
  },
  RECEIPT_MALFORMED: {
    what: "The file is not a receipt in a form known here",
    remedy:
      "Copy it again, whole and unchanged: no line may be added, wrapped or left out. A receipt of a later form needs a later release.",
    status: 400,
  },
});
