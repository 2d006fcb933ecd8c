import { errorEntries } from "./entry.ts";

export const backupErrors = errorEntries({
  BACKUP_FOLDER_EXISTS: {
    what: "There is something in the place where the back-up is to be made",
    remedy: "Name a folder that does not exist yet; a back-up never replaces another.",
    status: 409,
  },
  BACKUP_NOT_WRITTEN: {
    what: "The back-up could not be written",
    remedy:
      "Free space on that disk, or name a folder on another that you may write to, and take it again. Nothing of it was kept.",
    status: 500,
  },
  BACKUP_UNDER_WAY: {
    what: "Another back-up of this estate is being taken",
    remedy: "Wait until it is there. One that hangs is ended by its process id; what it leaves is of no use.",
    status: 409,
  },
  BACKUP_UNREADABLE: {
    what: "This folder is no whole back-up of this program",
    remedy:
      "Name the folder that holds manifest.json. A folder that ends in .partial is what a back-up left that did not finish: it is of no use, remove it.",
    status: 422,
  },
  BACKUP_DAMAGED: {
    what: "A file of the back-up is not as it was written",
    remedy: "Use another copy of this back-up, or an earlier one; this one restores nothing.",
    status: 422,
  },
  BACKUP_NEWER: {
    what: "The back-up was made by a newer release of this program",
    remedy: "Restore it with that release or a later one.",
    status: 409,
  },
  RESTORE_TARGET_NOT_EMPTY: {
    what: "A restore needs an empty place, and there is something in this one",
    remedy:
      "Name a data folder that does not exist or is empty, and a database whose schema is empty, but for extensions. Nothing was changed: what is there is never overwritten.",
    status: 409,
  },
  RESTORE_KEYS_MISSING: {
    what: "A key that the back-up's database refers to is not in the key store",
    remedy:
      "Put the key store back first: the HSM's own back-up for a token, the newest key file for an encrypted file. Then restore again.",
    status: 422,
  },
  RESTORE_LOSES_ACTS: {
    what: "Acts that were recorded after this back-up are lost with it, or may be",
    remedy:
      "Look for a later back-up first. If there is none, repeat with --accept-loss: the estate then goes on under a new ledger origin, which says what was lost. With --copy FOLDER (a copy of the ledger) each lost act is named.",
    status: 409,
  },
  RESTORE_SPACE_MISSING: {
    what: "There is not enough room for the restored estate on that disk",
    remedy:
      "Free space, name a data folder on a larger disk, or give an external database. Nothing was made.",
    status: 503,
  },
  RESTORE_CONTRADICTED: {
    what: "The operator says that nothing was lost, and a checkpoint from outside covers more than the back-up holds",
    remedy: "Leave out --nothing-lost, and read what was lost; or find the back-up that holds it all.",
    status: 409,
  },
  RESTORE_CHECKPOINT_NOT_LAST: {
    what: "This is not the last checkpoint of the signer: a later one of the same ledger is known, or a ledger after it",
    remedy:
      "Name the file keys/last-checkpoint that lay in the lost data folder. A copy that was made earlier goes with --against: it can show a loss, never that there is none.",
    status: 409,
  },
  RESTORE_CLOCK_BEHIND: {
    what: "The clock stands before something that is known to have happened",
    remedy: "Set the clock right, then restore: certificates and lists must not bear a time before others.",
    status: 409,
  },
  RESTORE_UNFINISHED: {
    what: "A restore into this database has not finished",
    remedy:
      "Repeat the same `smki restore`: it begins anew by itself. No service starts on half an estate, and nothing in the back-up was changed.",
    status: 409,
  },
  RESTORE_COPY_DAMAGED: {
    what: "The copy of the ledger does not lead to the checkpoint that is known from outside",
    remedy:
      "Fetch the copy again from whoever kept it, or leave --copy out: the loss is then told by leaf numbers alone.",
    status: 422,
  },
  ARCHIVE_NOT_FOUND: {
    what: "There is no archive of that number, or it was destroyed",
    remedy: "List them with `smki retention status`.",
    status: 404,
  },
  ARCHIVE_NOT_DUE: {
    what: "This archive must be kept longer",
    remedy: "Wait until the day that `smki retention status` names for it.",
    status: 409,
  },
  ARCHIVE_CLOCK_DOUBTFUL: {
    what: "The clock stands more than a month beyond the last act of this estate: it may be wrong, and the archive not due",
    remedy:
      "Look at the clock of this machine. If it is right, start the service, which records acts by itself, and try again.",
    status: 409,
  },
  ARCHIVE_DAMAGED: {
    what: "The archive's file is missing, or is not as it was written",
    remedy:
      "Put the file back from where archives are copied to; the ledger has the digest of the right one.",
    status: 500,
  },
});
