import { join } from "node:path";
import type { SignerSettings } from "../keys/settings.ts";

/** Where the files of an estate lie under its data folder, as far as a back-up holds them. */
export interface EstateFiles {
  readonly data: string;
  readonly settingsFile: string;
  /** What the estate calls itself in its key stores. */
  readonly estateId: string;
  readonly secrets: string;
  /** The last checkpoint that the ledger's signer signed: its own store, apart from the database. */
  readonly lastCheckpoint: string;
  /** The ledger's verifier key, public: what anyone checks its checkpoints with. */
  readonly ledgerVerifierKey: string;
  /** The verifier keys of the ledger before each restore that lost acts; there where one was held. */
  readonly formerLedgerKeys: string;
  /** The verifier key of ceremony records, public. */
  readonly recordVerifierKey: string;
  readonly ceremonies: string;
  /** Records that were moved out of the database. */
  readonly archive: string;
}

export function estateFiles(data: string): EstateFiles {
  return {
    data,
    settingsFile: join(data, "smki.toml"),
    estateId: join(data, "estate-id.txt"),
    secrets: join(data, "secrets"),
    lastCheckpoint: join(data, "keys", "last-checkpoint"),
    ledgerVerifierKey: join(data, "ledger-verifier-key.txt"),
    formerLedgerKeys: join(data, "former-ledger-keys.txt"),
    recordVerifierKey: join(data, "ceremony-verifier-key.txt"),
    ceremonies: join(data, "ceremonies"),
    archive: join(data, "archive"),
  };
}

/** The two key stores, as they are opened. */
export interface EstateKeyStores {
  readonly operational: SignerSettings;
  readonly ceremony: SignerSettings;
}
