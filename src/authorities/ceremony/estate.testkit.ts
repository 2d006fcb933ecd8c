import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type Database } from "../../database/connect.ts";
import { testDatabase } from "../../database/testkit.ts";
import { StoreFile } from "../../keys/encrypted-file/store-file.ts";
import { openSigner } from "../../keys/open.ts";
import type { EncryptedFileSettings, SignerSettings } from "../../keys/settings.ts";
import type { Signer } from "../../keys/signer.ts";
import type { Act } from "../../ledger/act.ts";
import { type CheckpointSigner, createCheckpointSigner } from "../../ledger/checkpoint-signer.ts";
import { formatVerifierKey, signNote } from "../../ledger/note.ts";
import { readActs } from "../../ledger/read-ledger.ts";
import { sequenceOnce } from "../../ledger/sequencer.ts";
import { type LedgerReport, verifyLedger, withFindings } from "../../ledger/verify-ledger.ts";
import { type Authority, listAuthorities } from "../authorities.ts";
import { certificateDigests } from "../certificate-rows.ts";
import type { IssuingAuthority } from "../issuing/issue.ts";
import { verifyRecords } from "../verification/verify-records.ts";
import type { CeremonyRoom } from "./ceremony-room.ts";
import { foundHierarchy } from "./found-hierarchy.ts";
import { ledgerKeyLabel } from "./hierarchy.ts";
import { releaseStock } from "./release-stock.ts";
import type { Sitting } from "./sitting.ts";
import { deviceCap, hierarchyTerms, issuingTerms, rules } from "./terms.testkit.ts";
import {
  type CeremonyTask,
  type EndOfCeremony,
  type KillPoint,
  runCeremonyProcess,
} from "./testkit/ceremony-task.ts";

const origin = "smki.example/test";
const passphrase = "correct horse battery staple";

/** A clock that stands until it is told to move. */
export class TestClock {
  #now: Date;

  constructor(now: Date) {
    this.#now = now;
  }

  readonly read = (): Date => this.#now;

  set(now: Date): void {
    this.#now = now;
  }

  advance(milliseconds: number): void {
    this.#now = new Date(this.#now.getTime() + milliseconds);
  }
}

export const seconds = 1_000;
export const hours = 3_600_000;

/** An estate on real PostgreSQL with key stores in encrypted files and a ledger, as the service would have it. */
export interface TestEstate {
  readonly database: Database;
  readonly connectionString: string;
  readonly clock: TestClock;
  readonly ceremonySigner: Signer;
  readonly operationalSigner: Signer;
  /** Where another process finds the keys. */
  readonly operationalStore: SignerSettings;
  readonly ceremonyStore: SignerSettings;
  readonly ledger: CheckpointSigner;
  /** For files of the test; removed at the end. */
  readonly folder: string;
  room(changes?: Partial<CeremonyRoom>): CeremonyRoom;
  /** Holds, resumes or abandons a ceremony in a process of its own, which kills itself where it is told to. */
  inProcess(work: CeremonyTask["work"], killAt?: KillPoint): Promise<EndOfCeremony>;
  issuing(changes?: Partial<IssuingAuthority>): IssuingAuthority;
  authorities(): Promise<Authority[]>;
  authority(id: string): Promise<Authority>;
  /** Sequences what is open and verifies the ledger from its bytes, both ways with the certificates. */
  verify(): Promise<LedgerReport>;
  /** Every act so far. */
  acts(): Promise<Act[]>;
  /** Those of one kind. */
  actsOf(kind: string): Promise<Act[]>;
  end(): Promise<void>;
}

/** What a test may choose. */
export interface TestEstateOptions {
  readonly at?: Date;
  readonly stockSize?: number;
  /** Where the operational keys live; an encrypted file when left out. */
  readonly operationalStore?: SignerSettings;
  readonly ceremonyStore?: SignerSettings;
  /** A server of the test's own; that of the run when left out. */
  readonly connectionString?: string;
}

/** The names of those who watch in tests. */
const witnesses = ["Ada Byron", "Alan Mathison"];

/** Who is in the room in tests. */
export const sampleSitting: Sitting = {
  witnesses,
  sampleWitnesses: true,
  operator: "operator:test",
  software: "a test",
};

/** An estate in which no ceremony has been held. */
export async function emptyEstate(options: TestEstateOptions = {}): Promise<TestEstate> {
  const folder = mkdtempSync(join(tmpdir(), "smki-estate-"));
  const { database, connectionString, drop } = await openDatabase(options.connectionString);
  const clock = new TestClock(options.at ?? new Date("2026-06-01T12:00:00.250Z"));
  const ceremonyStore = options.ceremonyStore ?? (await fileStore(folder, "ceremony"));
  const ceremonySigner = await openSigner(ceremonyStore);
  const operationalStore = options.operationalStore ?? (await fileStore(folder, "operational"));
  const operationalSigner = await openSigner(operationalStore);
  await operationalSigner.generateKey(ledgerKeyLabel, "ed25519");
  const checkpointStore = join(folder, "last-checkpoint");
  const ledger = await createCheckpointSigner({
    signer: operationalSigner,
    keyLabel: ledgerKeyLabel,
    origin,
    storePath: checkpointStore,
  });
  const stockSize = options.stockSize ?? 3;
  const sequence = () => sequenceOnce({ database, signer: ledger, clock: clock.read });
  const authorities = () => database.read((tx) => listAuthorities(tx));
  const acts = async () => {
    await sequence();
    return (await database.read((tx) => readActs(tx, 0, 1_000_000))).map(({ act }) => act);
  };
  return {
    database,
    connectionString,
    clock,
    ceremonySigner,
    operationalSigner,
    operationalStore,
    ceremonyStore,
    ledger,
    folder,
    room: (changes = {}) => ({
      database,
      ceremonySigner,
      operationalSigner,
      clock: clock.read,
      terms: hierarchyTerms(stockSize),
      witnessesNeeded: rules.ceremonyWitnesses.value,
      checkpoint: async () => (await sequence())?.checkpoint.note ?? (await ledger.lastCheckpoint()).note,
      signRecord: (text) =>
        signNote(text, ledger.verifier, (message) => operationalSigner.sign(ledgerKeyLabel, message)),
      ...changes,
    }),
    inProcess: (work, killAt) =>
      runCeremonyProcess({
        connectionString,
        ceremonyStore,
        operationalStore,
        origin,
        checkpointStore,
        now: clock.read().toISOString(),
        stockSize,
        work,
        ...(killAt === undefined ? {} : { killAt }),
      }),
    issuing: (changes = {}) => ({
      database,
      signer: operationalSigner,
      clock: clock.read,
      terms: issuingTerms,
      deviceCap,
      clockToleranceSeconds: 5,
      ...changes,
    }),
    authorities,
    authority: async (id) => {
      const found = (await authorities()).find((authority) => authority.id === id);
      if (found === undefined) throw new Error(`no ${id}`);
      return found;
    },
    verify: async () => {
      await sequence();
      const report = await verifyLedger(database, {
        verifierKey: formatVerifierKey(ledger.verifier),
        certificates: certificateDigests,
        knownCheckpoints: [(await ledger.lastCheckpoint()).note],
      });
      return withFindings(report, await database.read(verifyRecords, { snapshot: true }));
    },
    acts,
    actsOf: async (kind) => (await acts()).filter((act) => act.kind === kind),
    end: async () => {
      await ceremonySigner.close();
      await operationalSigner.close();
      await drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** An estate whose hierarchies are founded, with `released` Issuing DCAs to sign. */
export async function foundedEstate(
  options: TestEstateOptions & { readonly released?: number } = {},
): Promise<TestEstate> {
  const estate = await emptyEstate(options);
  await foundHierarchy(estate.room(), sampleSitting);
  if (options.released !== 0) await release(estate, options.released ?? 1);
  estate.clock.advance(seconds);
  return estate;
}

/** Releases Issuing DCAs from the stock, by two persons. */
export function release(estate: TestEstate, count: number, persons = witnesses): Promise<string[]> {
  const needed = rules.stockReleasePersons.value;
  return estate.database.transaction((tx) =>
    releaseStock(tx, count, persons, needed, "operator:test", estate.clock.read()),
  );
}

async function openDatabase(connectionString: string | undefined) {
  if (connectionString === undefined) return testDatabase();
  const database = connect({ connectionString }, { applicationName: "test", poolSize: 8 });
  return { database, connectionString, drop: () => database.close() };
}

async function fileStore(
  folder: string,
  purpose: "ceremony" | "operational",
): Promise<EncryptedFileSettings> {
  const passphraseFile = join(folder, `${purpose}.passphrase`);
  writeFileSync(passphraseFile, `${passphrase}\n`, { mode: 0o600 });
  const file = join(folder, `${purpose}.keys`);
  // The lowest cost that a store may have, since every test makes two.
  await StoreFile.create(file, { environment: "test", purpose }, passphrase, 2 ** 15);
  return { kind: "encrypted-file", file, passphraseFile, environment: "test", purpose };
}
