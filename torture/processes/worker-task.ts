import type { SignerSettings } from "../../src/keys/settings.ts";
import type { Weapon } from "../strike.ts";

/** The loops of a worker. */
export type Loop = "issuing" | "batches" | "sequencing" | "lists";

/** What the process of worker-process.ts is told to do. */
export interface WorkerTask {
  readonly connectionString: string;
  readonly store: SignerSettings;
  readonly origin: string;
  /** Where the ledger's signer keeps its last checkpoint. */
  readonly checkpointFile: string;
  /** The cap of one Issuing DCA: small, so that hand-overs happen in between. */
  readonly certificatesOfOneAuthority: number;
  /** Where it kills; left out, somebody else does. */
  readonly blow?: Blow;
}

/** A kill at a step, by the process itself: no other could be as exact. */
export interface Blow {
  readonly loop: Loop;
  readonly step: string;
  readonly pass: number;
  readonly weapon: Weapon;
  /** Of the PostgreSQL server. */
  readonly serverPid: number;
}
