import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { listAuthorities } from "../authorities/authorities.ts";
import { withdrawIntents } from "../authorities/issuing/withdraw.ts";
import { type NumberFloors, raiseListNumbers, recordRestoration } from "../authorities/restoration.ts";
import type { Database } from "../database/connect.ts";
import type { Signer } from "../keys/signer.ts";
import type { Act } from "../ledger/act.ts";
import { openCheckpoint } from "../ledger/checkpoint.ts";
import { createCheckpointSigner } from "../ledger/checkpoint-signer.ts";
import { formatFormerLedger } from "../ledger/former-ledgers.ts";
import { findLedgerKey } from "../ledger/ledger-key.ts";
import { formatVerifierKey, type NoteVerifier, noteVerifier } from "../ledger/note.ts";
import { recordActs } from "../ledger/record-acts.ts";
import {
  beginSuccessorLedger,
  heldTree,
  newestHeldNote,
  openEntryBytes,
  requireHeld,
} from "../ledger/restored-ledger.ts";
import { requireSignedHistory } from "../ledger/signed-history.ts";
import type { EstateFiles } from "./estate-files.ts";
import type { Loss, LostAct } from "./lost-acts.ts";
import type { ReadManifest } from "./manifest.ts";
import { redoRevocations } from "./redo-revocations.ts";

/** What the ledger of a restored estate is made from. */
export interface LedgerToRestore {
  readonly database: Database;
  readonly operational: Signer;
  /** In the folder of preparation. */
  readonly files: EstateFiles;
  readonly read: ReadManifest;
  readonly loss: Loss;
  readonly former: NoteVerifier;
  /** Numbers that may have been given out: of Issuing DCAs, and of CAs that took the place of a revoked one. */
  readonly floors: NumberFloors;
  readonly by: string;
  readonly now: Date;
}

/** Under which origin the ledger goes on, and which acts are truly gone. */
export interface RestoredLedger {
  readonly origin: string;
  readonly isSuccessor: boolean;
  /** Without those that the back-up holds as open acts: they had no leaf yet, and get another one. */
  readonly lostActs?: readonly LostAct[];
  /** Serial numbers of lost revocations that were not made again. */
  readonly notRedone: readonly string[];
}

/**
 * Lets the ledger go on. Where nothing was lost, under its own key and origin, from the newest checkpoint that is known.
 * Where acts were lost or may have been, under a new origin and key: the old one may have signed for leaves that are
 * gone, and must never sign others in their place. The new origin's tree begins with all that was kept, and its first
 * new leaves say from what, and what is known to be lost.
 *
 * @throws SmkiError LEDGER_FORKED when a checkpoint from outside has another history than the back-up
 */
export async function restoreLedger(order: LedgerToRestore): Promise<RestoredLedger> {
  const { database, loss, former } = order;
  const tree = await database.read(heldTree, { snapshot: true });
  for (const checkpoint of loss.outside)
    if (checkpoint.size <= tree.size)
      await database.read((tx) => requireHeld(tx, checkpoint), { snapshot: true });
  if (loss.verdict === "none") {
    await goOn(order);
    await record(order, former.name, tree);
    return { origin: former.name, isSuccessor: false, notRedone: [] };
  }
  const open = await database.read(openEntryBytes, { snapshot: true });
  const lostActs = loss.acts === undefined ? undefined : withoutOpen(loss.acts, open);
  const origin = await succeed(order, tree.size);
  const notRedone = await record(order, origin, tree, lostActs);
  return { origin, isSuccessor: true, notRedone, ...(lostActs === undefined ? {} : { lostActs }) };
}

/** The same ledger: its signer's store gets the newest checkpoint there is. */
async function goOn({ database, operational, files, read, loss, former }: LedgerToRestore): Promise<void> {
  const held = await database.read(newestHeldNote);
  const notes = [read.manifest.ledger.checkpoint, ...loss.notes, ...(held === "" ? [] : [held])];
  const newest = notes.reduce((best, note) =>
    openCheckpoint(note, former).size > openCheckpoint(best, former).size ? note : best,
  );
  const options = {
    signer: operational,
    keyLabel: await findLedgerKey(operational, former),
    origin: former.name,
    storePath: files.lastCheckpoint,
  };
  const signer = await createCheckpointSigner(options, newest);
  await requireSignedHistory(database, signer);
}

/** Another origin and key, of which no two restores ever share one. @returns the origin */
async function succeed(
  { database, operational, files, former }: LedgerToRestore,
  size: number,
): Promise<string> {
  const name = `restored-${randomBytes(4).toString("hex")}`;
  const origin = `${former.name.replace(/\/restored-[0-9a-f]{8}$/, "")}/${name}`;
  const keyLabel = `ledger/${name}`;
  // A crash from here on leaves a key that nothing refers to, in a token; the next restore names it as unknown.
  const { publicKey } = await operational.generateKey(keyLabel, "ed25519");
  await beginSuccessorLedger(database, {
    signer: operational,
    keyLabel,
    origin,
    storePath: files.lastCheckpoint,
  });
  writeFileSync(files.formerLedgerKeys, `${formatFormerLedger({ verifier: former, size })}\n`, {
    mode: 0o644,
    flag: "a",
  });
  writeFileSync(files.ledgerVerifierKey, `${formatVerifierKey(noteVerifier(origin, publicKey))}\n`, {
    mode: 0o644,
  });
  return origin;
}

/**
 * The restore's own act, the numbers that must not be given out again, and the revocations that are made again: one
 * transaction.
 *
 * @returns serial numbers of revocations that were not made again
 */
async function record(
  { database, read, loss, former, floors, by, now }: LedgerToRestore,
  origin: string,
  tree: { readonly size: number; readonly root: Buffer },
  lostActs: readonly LostAct[] = [],
): Promise<string[]> {
  const { manifest, sha256 } = read;
  const takenAt = new Date(manifest.takenAt);
  const isSuccessor = origin !== former.name;
  const act: Act = {
    kind: "ledger.restored",
    at: now,
    by,
    subject: {
      backup: sha256,
      takenAt: manifest.takenAt,
      origin,
      formerOrigin: former.name,
      formerKey: former.keyId,
      size: tree.size,
      root: tree.root.toString("hex"),
      lost: loss.verdict,
      lostFrom: loss.verdict === "none" ? null : loss.from,
      // The first leaf that is not known to be lost; null where nobody knows.
      lostTo: loss.verdict === "certain" ? loss.to : null,
      outside: loss.outside.slice(-16).map((one) => ({ size: one.size, root: one.root.toString("hex") })),
    },
  };
  return database.transaction(async (tx) => {
    await recordRestoration(tx, {
      restoredAt: now,
      takenAt,
      manifest: sha256,
      ...floors,
      ...(isSuccessor ? { formerOrigin: former.name } : {}),
    });
    await raiseListNumbers(tx, takenAt, now);
    // What stood recorded to be signed may have been signed and given out since: its serial numbers are never used
    // again. The chunks are prepared anew. Where no leaf is lost too: what was published in the last second had none.
    const withdrawn: Act[] = [];
    if (!loss.isStopped)
      for (const { id } of await listAuthorities(tx)) withdrawn.push(...(await withdrawIntents(tx, id, now)));
    await recordActs(tx, [act, ...withdrawn]);
    return redoRevocations(tx, lostActs, by, now);
  });
}

/** Takes away, for each open act that the back-up holds, one lost act of the same bytes. */
function withoutOpen(lost: readonly LostAct[], open: readonly Buffer[]): LostAct[] {
  const held = new Map<string, number>();
  for (const entry of open) {
    const bytes = entry.toString("latin1");
    held.set(bytes, (held.get(bytes) ?? 0) + 1);
  }
  return lost.filter(({ entry }) => {
    const bytes = entry.toString("latin1");
    const count = held.get(bytes) ?? 0;
    if (count > 0) held.set(bytes, count - 1);
    return count === 0;
  });
}
