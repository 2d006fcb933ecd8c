import { errorEntries } from "./entry.ts";

export const keyErrors = errorEntries({
  KEY_NOT_FOUND: {
    what: "The key store holds no such key or secret",
    remedy:
      "List the keys of the store and use one of their labels; a missing authority key is made in a ceremony.",
    status: 404,
  },
  KEY_LABEL_TAKEN: {
    what: "The key store already holds a key or secret of that label",
    remedy: "Choose another label. A key is never replaced: destroy the old one first if that is meant.",
    status: 409,
  },
  KEY_LABEL_INVALID: {
    what: "The label is not 1 to 64 letters, digits, spaces and . _ - / beginning with a letter or digit",
    remedy: "Use a label such as issuing-dca/0007.",
    status: 422,
  },
  KEY_NOT_FOR_SIGNING: {
    what: "The key is for key agreement and does not sign",
    remedy: "Name a signing key, or make one with a signing algorithm.",
    status: 422,
  },
  KEY_SECRET_LENGTH_INVALID: {
    what: "A symmetric secret has 16 to 64 octets",
    remedy: "Ask for 16, 24 or 32 octets for an AES key.",
    status: 422,
  },
  KEY_ALGORITHM_UNSUPPORTED: {
    what: "The key store cannot make or use a key of that algorithm",
    remedy: "Use a token whose mechanism list has the algorithm, or keep this key in another store.",
    status: 422,
  },
  KEY_STORE_UNAVAILABLE: {
    what: "The key store cannot be used",
    remedy:
      "Check that the file, the token or the optional package named here is there, then start the worker again; nothing was signed.",
    status: 503,
  },
  KEY_STORE_CLOSED: {
    what: "The key store was closed",
    remedy: "Open it again; a worker that is stopping takes no more work.",
    status: 503,
  },
  KEY_STORE_NOT_FOUND: {
    what: "The key store has not been created",
    remedy: "Create it in a ceremony, or correct the path or the token label in the settings.",
    status: 503,
  },
  KEY_STORE_EXISTS: {
    what: "There is a key store already",
    remedy: "Open the one that is there, or name another file or token. A key store is never overwritten.",
    status: 409,
  },
  KEY_STORE_NOT_EMPTY: {
    what: "The token holds objects already, so it cannot become a new key store",
    remedy: "Initialise an empty token for this purpose and name it in the settings.",
    status: 409,
  },
  KEY_STORE_DAMAGED: {
    what: "The key store is damaged or was altered",
    remedy: "Restore it from its last backup. Nothing was changed by this attempt.",
    status: 503,
  },
  KEY_STORE_VERSION_UNKNOWN: {
    what: "The key store was written in a format that this release does not read",
    remedy: "Use the release that wrote it, or a later one.",
    status: 503,
  },
  KEY_STORE_PASSPHRASE_WRONG: {
    what: "The passphrase does not open the key store",
    remedy: "Put the passphrase that the store was created with into the passphrase file.",
    status: 503,
  },
  KEY_STORE_LOCKED: {
    what: "Another process holds the lock of the key store",
    remedy:
      "Wait for that process. If it is certain that it no longer runs on that host, remove the lock file and try again.",
    status: 503,
  },
  KEY_STORE_WRITE_FAILED: {
    what: "The key store could not be written",
    remedy:
      "Free space or mend the file system, list the keys, then try again. No key that was there before is lost.",
    status: 503,
  },
  KEY_ENVIRONMENT_MISMATCH: {
    what: "The key store belongs to another environment or purpose",
    remedy:
      "Name the store that was created for this environment and purpose. Keys are never shared between test and live, or between ceremony and operation.",
    status: 503,
  },
  KEY_STORE_OF_ANOTHER_ESTATE: {
    what: "The key store holds the keys of another estate",
    remedy:
      "Name the data folder whose estate it is (--data), or give this estate stores of its own: another keys.operational.file and keys.ceremony.file, or for tokens another tokenLabel or tokenSerial in keys.operational and keys.ceremony. Nothing in the store was changed.",
    status: 503,
  },
  KEY_STORE_OF_NO_ESTATE: {
    what: "The key store does not say whose estate's keys it holds",
    remedy:
      "No release has made such a store. Name the estate's own stores in keys.operational and keys.ceremony; a test estate that was founded by a program before 0.1.0 is founded anew. Nothing in the store was changed.",
    status: 503,
  },
  KEY_ESTATE_INVALID: {
    what: "The name of an estate is not 1 to 64 letters, digits, spaces and . _ - / beginning with a letter or digit",
    remedy: "Name the estate by such a text; the commands of this release do so by themselves.",
    status: 422,
  },
  KEY_FILE_MODE_LOOSE: {
    what: "The file can be read or written by others than its owner",
    remedy: "Run chmod 600 on it. If others may have read it, change the secret that it holds.",
    status: 503,
  },
  KEY_SECRET_FILE_UNREADABLE: {
    what: "The file with the passphrase or PIN cannot be read",
    remedy:
      "Name a regular file of at most 4096 octets of UTF-8 text, or credential:NAME with a credential that systemd passes to the service.",
    status: 503,
  },
  KEY_PASSPHRASE_TOO_SHORT: {
    what: "The passphrase is empty or too short",
    remedy: "Use one of at least 16 characters, for example from: openssl rand -base64 24.",
    status: 503,
  },
  KEY_MODULE_NOT_FOUND: {
    what: "The PKCS#11 module cannot be loaded",
    remedy: "Give the full path of the module's shared library as the vendor's manual names it.",
    status: 503,
  },
  KEY_TOKEN_NOT_FOUND: {
    what: "The PKCS#11 module shows no initialised token of that label",
    remedy:
      "Check that the token is present and initialised, and its label and serial number in the settings. If it is a SoftHSM2 token and its file token.object is empty, a process was killed while it logged in: put that file back from the back-up; the keys are in other files.",
    status: 503,
  },
  KEY_TOKEN_AMBIGUOUS: {
    what: "Several tokens have that label",
    remedy: "Give the serial number of the token in the settings as well.",
    status: 503,
  },
  KEY_TOKEN_FAILED: {
    what: "The token refused an operation",
    remedy: "Look up the return value in the token's manual and its own log; nothing was signed.",
    status: 503,
  },
  KEY_PIN_WRONG: {
    what: "The token refused the PIN; it is not tried again, since tokens lock",
    remedy: "Correct the PIN file, then start the worker again.",
    status: 503,
  },
  KEY_PIN_FINAL_TRY: {
    what: "One more wrong PIN would lock the token, so the PIN was not tried",
    remedy: "Log in once by hand with the right PIN, which resets the count, then start the worker again.",
    status: 503,
  },
  KEY_PIN_LOCKED: {
    what: "The PIN of the token is locked, expired or was never set",
    remedy: "Have the token's security officer set the PIN again.",
    status: 503,
  },
  KEY_WRAP_KEY_INVALID: {
    what: "The key-wrapping key does not have the length that the algorithm takes",
    remedy: "Use a symmetric key of 16 octets for AES-128, 24 for AES-192 or 32 for AES-256.",
    status: 422,
  },
  KEY_WRAP_CONTENT_INVALID: {
    what: "What is to be wrapped, or was unwrapped, is not the DER SubjectPublicKeyInfo of a P-256 key",
    remedy: "Give the public key of the Contingency Key Pair.",
    status: 422,
  },
  KEY_UNWRAP_FAILED: {
    what: "The wrapped key does not open with this symmetric key",
    remedy: "Use the Contingency Symmetric Key made in the same ceremony, and the wrapped octets unaltered.",
    status: 422,
  },
});
