import { join } from "node:path";

/** Where everything of an estate lies under its data folder. */
export interface EstatePaths {
  readonly data: string;
  readonly settingsFile: string;
  /** What the estate calls itself in its key stores. */
  readonly estateId: string;
  readonly secrets: string;
  readonly keys: string;
  /** The last checkpoint that the ledger's signer signed: its own store, apart from the database. */
  readonly lastCheckpoint: string;
  /** The ledger's verifier key, public: what anyone checks its checkpoints with. */
  readonly ledgerVerifierKey: string;
  /** The verifier key of ceremony records, public. */
  readonly recordVerifierKey: string;
  readonly ceremonies: string;
  readonly tls: string;
  readonly demo: string;
  readonly log: string;
}

export function estatePaths(data: string): EstatePaths {
  return {
    data,
    settingsFile: join(data, "smki.toml"),
    estateId: join(data, "estate-id.txt"),
    secrets: join(data, "secrets"),
    keys: join(data, "keys"),
    lastCheckpoint: join(data, "keys", "last-checkpoint"),
    ledgerVerifierKey: join(data, "ledger-verifier-key.txt"),
    recordVerifierKey: join(data, "ceremony-verifier-key.txt"),
    ceremonies: join(data, "ceremonies"),
    tls: join(data, "tls"),
    demo: join(data, "demo"),
    log: join(data, "log"),
  };
}
