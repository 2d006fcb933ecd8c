import { hash } from "node:crypto";
import { type Generated, sql } from "kysely";
import { parseCertificate, readFields } from "../../certificates/index.ts";
import type { Database } from "../../database/connect.ts";
import type { Tx } from "../../database/transaction.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import type { Signer } from "../../keys/signer.ts";
import type { Act } from "../../ledger/act.ts";
import { recordActs } from "../../ledger/record-acts.ts";
import type { Clock } from "../../time/clock.ts";
import type { Authority } from "../authority.ts";
import { insertAuthority } from "../authority-store.ts";
import { certificateRow, insertCertificates } from "../certificate-store.ts";
import { requireClockNotBack } from "../clock-guard.ts";
import { issuedAct } from "../issuing/publish.ts";
import type { HierarchyTerms } from "./hierarchy.ts";
import { type CeremonyRequest, fingerprint, requireWitnesses, Transcript } from "./transcript.ts";

/** What a ceremony works with: given by the app. Only here are both key stores open at once. */
export interface CeremonyRoom {
  readonly database: Database;
  /** Root and contingency keys. */
  readonly ceremonySigner: Signer;
  /** Issuing keys and the ledger's key. */
  readonly operationalSigner: Signer;
  readonly clock: Clock;
  readonly terms: HierarchyTerms;
  readonly witnessesNeeded: number;
  /** How far clocks of several machines may differ; none when left out. */
  readonly clockToleranceSeconds?: number;
  /** Numbers the open entries of the ledger and signs: its newest checkpoint, as a note. */
  readonly checkpoint: () => Promise<string>;
  /** Signs the record with the ledger's key: a C2SP signed note. */
  readonly signRecord: (text: string) => Promise<string>;
  /** Told of each step as it is done. */
  readonly onStep?: (step: string) => void;
}

/** What a ceremony left behind. */
export interface CeremonyRecord {
  readonly id: number;
  /** The signed record, a C2SP note. */
  readonly note: string;
}

/** The session lock of a ceremony: no two at once, since each destroys the keys that an abandoned one left. */
const ceremonyLock = 0x5e_de6c_0001n;

/**
 * Holds one ceremony, alone: the checkpoint before, the work with its steps, everything written in one
 * transaction, the checkpoint after, the signed record. A crash before the transaction leaves keys that nothing
 * refers to, which the next ceremony destroys; after it, only the record's signature is missing.
 *
 * @param prepare - looks at how the estate stands, and refuses; returns the work: it does the steps that need
 *   keys, and returns what to write
 * @throws SmkiError CEREMONY_WITNESSES_NEEDED, CEREMONY_UNDER_WAY, CLOCK_WENT_BACK, and what `prepare` throws
 */
export async function holdCeremony(
  room: CeremonyRoom,
  request: CeremonyRequest,
  prepare: () => Promise<(transcript: Transcript) => Promise<WriteCeremony>>,
): Promise<CeremonyRecord> {
  requireWitnesses(request.witnesses, room.witnessesNeeded);
  const held = await room.database.tryWithSessionLock(ceremonyLock, async (lost) => {
    const work = await prepare();
    await room.database.read((tx) => requireClockNotBack(tx, room.clock(), room.clockToleranceSeconds ?? 0));
    return holdAlone(room, request, work, lost);
  });
  if (held === undefined) throw new SmkiError("CEREMONY_UNDER_WAY");
  return held.result;
}

async function holdAlone(
  room: CeremonyRoom,
  request: CeremonyRequest,
  work: (transcript: Transcript) => Promise<WriteCeremony>,
  lost: AbortSignal,
): Promise<CeremonyRecord> {
  const transcript = new Transcript(request, room.clock, room.onStep);
  transcript.state(`ledger before: ${summary(await room.checkpoint())}`);
  const write = await work(transcript);
  // Without the lock another ceremony may have begun, and destroyed what this one made.
  lost.throwIfAborted();
  const { id, steps } = await room.database.transaction(async (tx) => {
    const at = room.clock();
    const ceremonyId = await insertCeremony(tx, request, at);
    const written = await write(tx, ceremonyId);
    const { purpose, witnesses, sampleWitnesses: sample } = request;
    const subject = { ceremony: ceremonyId, purpose, witnesses: witnesses.length, sample };
    await recordActs(tx, [...written.acts, { kind: "ceremony.held", at, by: "ceremony", subject }]);
    return { id: ceremonyId, steps: written.steps };
  });
  for (const step of steps) transcript.step(step);
  transcript.state(`ledger after: ${summary(await room.checkpoint())}`);
  const note = await room.signRecord(transcript.text);
  await room.database.transaction(async (tx) => {
    await updateRecord(tx, id, note);
    const subject = { ceremony: id, record: hash("sha256", note, "hex") };
    await recordActs(tx, [{ kind: "ceremony.recorded", at: room.clock(), by: "ceremony", subject }]);
  });
  return { id, note };
}

/** Writes what a ceremony made. It may run twice, so it tells its steps instead of adding them to the transcript. */
export type WriteCeremony = (
  tx: Tx,
  ceremonyId: number,
) => Promise<{ readonly acts: readonly Act[]; readonly steps: readonly string[] }>;

/** Size and root of a checkpoint, on one line. */
function summary(checkpoint: string): string {
  const [origin = "", size = "0", root = ""] = checkpoint.split("\n");
  return `${origin}, ${size} entries, root ${root}`;
}

/** Writes CAs and their certificates; they are lodged with the transaction. @returns their acts */
export async function lodgeAuthorities(
  tx: Tx,
  authorities: readonly Authority[],
  ceremonyId: number,
  at: Date,
): Promise<Act[]> {
  for (const authority of authorities) await insertAuthority(tx, authority, ceremonyId);
  const rows = authorities.map((authority) => {
    const certificate = parseCertificate(authority.certificate);
    return certificateRow(certificate, readFields(certificate), authority.issuerId, undefined, at);
  });
  await insertCertificates(tx, rows);
  return rows.map((row) => issuedAct(row, `ceremony/${String(ceremonyId)}`, { requestedBy: "ceremony", at }));
}

/** What a witness can compare with the certificate on paper. */
export function describeAuthority(authority: Authority): string {
  return `${authority.id} certified: serial number ${authority.serialNumber}, SHA-256 ${fingerprint(authority.certificate)}`;
}

type CeremonyTables = {
  ceremony: {
    id: Generated<number>;
    purpose: string;
    held_at: Date;
    sample_witnesses: boolean;
    record: string;
  };
};

async function insertCeremony(tx: Tx, request: CeremonyRequest, at: Date): Promise<number> {
  const { id } = await tx
    .$extendTables<CeremonyTables>()
    .insertInto("ceremony")
    .values({ purpose: request.purpose, held_at: at, sample_witnesses: request.sampleWitnesses, record: "" })
    .returning("id")
    .executeTakeFirstOrThrow();
  return id;
}

async function updateRecord(tx: Tx, id: number, record: string): Promise<void> {
  await sql`update ceremony set record = ${record} where id = ${id}`.execute(tx);
}

/** Every ceremony that was held, oldest first. */
export async function listCeremonies(tx: Tx) {
  return tx.$extendTables<CeremonyTables>().selectFrom("ceremony").selectAll().orderBy("id").execute();
}
