import { errorEntries } from "./entry.ts";

export const appErrors = errorEntries({
  FILE_UNREADABLE: {
    what: "The file cannot be read",
    remedy: "Check the name, and that you may read it.",
    status: 500,
  },
  FILE_UNWRITABLE: {
    what: "The file or folder cannot be written",
    remedy:
      "Name a place that exists, in which you may write and which has room. What the command did before stands: `smki ledger show` lists it.",
    status: 500,
  },
  REQUEST_WAITS: {
    what: "The request is received, and still waits",
    remedy:
      "It will be issued when a worker runs (`smki up`) and an Issuing DCA is released (`smki authority list`); then fetch it with `smki certificate search`. Do not send it again.",
    status: 503,
  },
  ESTATE_EMPTY: {
    what: "There is no key hierarchy in this data folder yet",
    remedy:
      'Run `smki ceremony --witness "NAME" --witness "NAME"` first; `smki demo` shows everything with samples.',
    status: 500,
  },
  ESTATE_ID_MISSING: {
    what: "The file with the name of this estate is gone or empty, so that nothing tells its key stores from another's",
    remedy:
      'Put estate-id.txt back into the data folder. It holds one line, which each back-up has too: in files/estate-id.txt, and as "estate" in manifest.json. No key store was opened.',
    status: 503,
  },
  ESTATE_KEYS_IN_USE: {
    what: "The key stores hold keys of authorities, and this data folder holds no ledger that they could belong to",
    remedy:
      "They may be a living estate's: name its data folder (--data), or put back this folder's ledger-verifier-key.txt and keys/last-checkpoint. For a new estate name key stores of its own. Nothing in the stores was changed.",
    status: 500,
  },
  ESTATE_OLDER_RELEASE: {
    what: "The database of this estate is of an older release than this command, and a service of it may be running",
    remedy:
      "Stop every process of the service and start it again with this release (`smki up`), then try again.",
    status: 500,
  },
  PROCESS_FAILED: {
    what: "A process of the service ended by itself",
    remedy: "Read the last lines of the log that is named; start the service again with `smki up`.",
    status: 500,
  },
  DEMO_IN_LIVE: {
    what: "The demonstration runs in a test environment only",
    remedy: "Leave out the settings file of the live service, or set SMKI_ENVIRONMENT=test.",
    status: 500,
  },
  DEMO_INTERRUPTED: {
    what: "The demonstration was stopped before its end",
    remedy: "Run `smki demo` again; it begins anew.",
    status: 500,
  },
  DEMO_CHECK_FAILED: {
    what: "Something in the demonstration did not hold",
    remedy: "Read which check failed above. If nothing was altered on purpose, this is a defect: report it.",
    status: 500,
  },
});
