import { errorEntries } from "./entry.ts";

/** Refusals of the ledger's witnesses, ours and others', and of collecting what they say. */
export const witnessErrors = errorEntries({
  LEDGER_WITNESS_REQUEST_MALFORMED: {
    what: "The body is not an old size, a consistency proof and a checkpoint (C2SP tlog-witness)",
    remedy: "Send them as the specification says, each line with its newline and at most 63 hashes.",
    status: 400,
  },
  LEDGER_WITNESS_LOG_UNKNOWN: {
    what: "This witness watches no ledger of that origin",
    remedy:
      "Give the witness the ledger's verifier key: `smki witness --log FILE`, the ledger-verifier-key.txt of its data folder.",
    status: 404,
  },
  LEDGER_WITNESS_SIGNATURE_REFUSED: {
    what: "The checkpoint carries no signature of the ledger's key, or one that does not hold",
    remedy:
      "Send a checkpoint as the ledger signed it. If its key has changed, the witness needs the new verifier key.",
    status: 403,
  },
  LEDGER_WITNESS_SIZE_CONFLICT: {
    what: "The witness's last checkpoint of this ledger has another size than the proof begins at",
    remedy: "Send the proof from the size that the answer's body tells.",
    status: 409,
  },
  LEDGER_WITNESS_HISTORY_REFUSED: {
    what: "The checkpoint is not shown to extend the one that the witness cosigned last",
    remedy:
      "If the proof is right, the ledger's history has been changed: keep both checkpoints and run `smki ledger verify --against` with the witness's.",
    status: 422,
  },
  LEDGER_WITNESS_STORE_DAMAGED: {
    what: "What the witness keeps of a ledger cannot be read, or does not bear its own cosignature",
    remedy:
      "Put the newest good copy of the file back. If there is none, the witness may not go on under this key: begin another one in a new folder.",
    status: 503,
  },
  LEDGER_WITNESS_KEY_CHANGED: {
    what: "The witness's key is not the one that its folder's verifier-key.txt names",
    remedy: "Put back the key store and the file that belong together, or begin a witness in a new folder.",
    status: 500,
  },
  LEDGER_WITNESS_UNREACHABLE: {
    what: "The witness does not answer",
    remedy: "Check its address in ledger.witnesses and that it runs; it is asked again by itself.",
    status: 503,
  },
  LEDGER_WITNESS_ANSWER_INVALID: {
    what: "The witness's answer is not a cosignature of the key that the settings name",
    remedy:
      "Check the verifier key in ledger.witnesses against the one that the witness publishes. If it is right, do not rely on this witness.",
    status: 503,
  },
  LEDGER_WITNESS_REFUSES: {
    what: "The witness refuses this ledger's checkpoints",
    remedy:
      "Read its status: 404, it does not know this ledger; 403, it has another verifier key for it: send its operator the ledger-verifier-key.txt.",
    status: 503,
  },
  LEDGER_WITNESS_SEES_FORK: {
    what: "The witness finds that this ledger does not extend what it has cosigned before",
    remedy:
      "The ledger's history may have been changed. Ask the witness's operator for its last checkpoint of this ledger and run `smki ledger verify --against` with it.",
    status: 503,
  },
  LEDGER_WITNESS_AHEAD: {
    what: "The witness has cosigned a larger ledger than this database holds",
    remedy:
      "The database may have been put back to an earlier state. Ask the witness's operator for its last checkpoint of this ledger and run `smki ledger verify --against` with it.",
    status: 503,
  },
});
