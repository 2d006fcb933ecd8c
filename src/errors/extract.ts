import { errorEntries } from "./entry.ts";

export const extractErrors = errorEntries({
  EXTRACT_NOT_FOUND: {
    what: "There is no such extract, or no such file in it",
    remedy: "See what there is with `smki extract list`. Old extracts are deleted: take the newest full one.",
    status: 404,
  },
  EXTRACT_TOO_EARLY: {
    what: "The ledger has no checkpoint yet that an extract could be made under",
    remedy:
      "Start the service: it signs one within a second. With ledger.quorum, see that the witnesses answer.",
    status: 409,
  },
  EXTRACT_UNDER_WAY: {
    what: "Another process makes an extract",
    remedy: "Wait until it is done; `smki extract list` then shows it.",
    status: 409,
  },
  EXTRACT_DISAGREES_WITH_LEDGER: {
    what: "The database does not hold what the ledger says was issued or published",
    remedy:
      "Nothing was published. Run `smki ledger verify`, which names every difference, and find out who changed the database.",
    status: 500,
  },
  EXTRACT_UNWRITABLE: {
    what: "The extract cannot be written",
    remedy:
      "Make room on the disk of the folder that extract.folder names, or give the service's user the right to write there. The next run goes on with what was begun.",
    status: 503,
  },
  EXTRACT_MANIFEST_MALFORMED: {
    what: "This is no manifest of an extract, or one of a newer form",
    remedy: "Give the folder of an extract with its manifest.json as it was downloaded.",
    status: 422,
  },
  EXTRACT_LEDGER_OLDER: {
    what: "The ledger that was given is older than the extract",
    remedy: "Bring the copy up to date with `smki ledger copy`, and verify again.",
    status: 409,
  },
  EXTRACT_HOST_KEY_UNUSABLE: {
    what: "The host key of the file transfer cannot be read or made",
    remedy:
      "Its file must hold one private key in OpenSSH's form that the service's user alone may read. If it is lost, remove the file: another key is made, and every user must be told its fingerprint.",
    status: 500,
  },
});
