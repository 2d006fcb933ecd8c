import { generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import type { Database } from "../database/connect.ts";
import { type TestDatabase, testDatabase } from "../database/testkit.ts";
import type { Act } from "./act.ts";
import { certificateIssuedAct } from "./certificate-act.ts";
import {
  type CheckpointSigner,
  type CheckpointSignerOptions,
  createCheckpointSigner,
  openCheckpointSigner,
} from "./checkpoint-signer.ts";
import { recordActs } from "./record-acts.ts";
import type { SequencedRound, SequencerContext } from "./sequence.ts";
import { sequenceOnce } from "./sequencer.ts";
import { leafHash } from "./tree/hash.ts";

/** A ledger of its own on real PostgreSQL, with an Ed25519 key that lives as long as the test. */
export interface TestLedger extends TestDatabase {
  readonly database: Database;
  readonly signer: CheckpointSigner;
  readonly storePath: string;
  readonly key: CheckpointSignerOptions["signer"];
  /** PKCS #8 in base64, for a process that shares the ledger. */
  readonly privateKey: string;
  /** The signer as a restarted process would have it. */
  reopenSigner(): Promise<CheckpointSigner>;
  record(acts: readonly Act[]): Promise<void>;
  sequence(options?: Partial<SequencerContext>): Promise<SequencedRound>;
  /** Runs a statement as someone with full rights over the database, past the guards. */
  tamper(statement: string): Promise<void>;
}

export const testOrigin = "smki.example/ledger";
export const testTime = new Date("2026-03-04T05:06:07.008Z");

/** Makes it; `drop` removes everything. */
export async function testLedger(): Promise<TestLedger> {
  return ledgerOn(await testDatabase());
}

/** The ledger of a database that is there, under a key of its own. */
export async function ledgerOn(test: TestDatabase): Promise<TestLedger> {
  const folder = mkdtempSync(join(tmpdir(), "ledger-"));
  const pair = generateKeyPairSync("ed25519");
  const publicKey = pair.publicKey.export({ format: "der", type: "spki" });
  const options = {
    signer: {
      findKey: (label: string) => Promise.resolve({ label, algorithm: "ed25519" as const, publicKey }),
      sign: (_: string, message: Uint8Array) => Promise.resolve(sign(null, message, pair.privateKey)),
    },
    keyLabel: "ledger",
    origin: testOrigin,
    storePath: join(folder, "checkpoint"),
  };
  const signer = await createCheckpointSigner(options);
  const { database } = test;
  return {
    ...test,
    signer,
    storePath: options.storePath,
    key: options.signer,
    privateKey: pair.privateKey.export({ format: "der", type: "pkcs8" }).toString("base64"),
    reopenSigner: () => openCheckpointSigner(options),
    record: (acts) => database.transaction((tx) => recordActs(tx, acts)),
    sequence: async (changes = {}) => {
      const round = await sequenceOnce({ database, signer, clock: () => testTime, ...changes });
      if (round === undefined) throw new Error("another process sequences");
      return round;
    },
    tamper: (statement) =>
      database.transaction(async (tx) => {
        await sql`set local session_replication_role = replica`.execute(tx);
        await sql.raw(statement).execute(tx);
      }),
    drop: async () => {
      await test.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A certificate as `CertificateRows` gives it, made from its number. */
export const testCertificate = (number: number) => ({
  serialNumber: (0x10_0000_0000 + number * 7919).toString(16).padStart(32, "0"),
  derSha256: leafHash(Buffer.from(`certificate ${String(number)}`)).toString("hex"),
});

/** Acts of issuing the certificates from number `first` on. */
export function testActs(count: number, first = 0): Act[] {
  return Array.from({ length: count }, (_, index) => {
    const { serialNumber, derSha256 } = testCertificate(first + index);
    const issued = { serialNumber, certificate: derSha256, authority: "issuing-dca/0001", chunk: "1" };
    return certificateIssuedAct(testTime, "credential:10a3", issued);
  });
}
