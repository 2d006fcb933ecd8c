import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type CeremonyRecord, type CeremonyRoom } from "../../authorities/ceremony/ceremony.ts";
import { foundHierarchy } from "../../authorities/ceremony/found-hierarchy.ts";
import { renewArls } from "../../authorities/ceremony/renew-arls.ts";
import { type AuthorityRevocation, revokeAuthority } from "../../authorities/ceremony/revoke-authority.ts";
import { extendStock } from "../../authorities/ceremony/stock.ts";
import { type CeremonyRequest, requireWitnesses } from "../../authorities/ceremony/transcript.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import type { CheckpointSigner } from "../../ledger/checkpoint-signer.ts";
import { sequenceOnce } from "../../ledger/sequencer.ts";
import type { Estate } from "./estate.ts";
import {
  ensureKeyStores,
  ensureLedgerKey,
  openCeremonySigner,
  openLedgerSigner,
  openOperationalSigner,
  recordSigner,
} from "./key-stores.ts";
import { clockToleranceSeconds, hierarchyTerms } from "./terms.ts";

/** What a ceremony can be for. */
export const ceremonyPurposes = ["found", "stock", "arl", "revoke"] as const;
export type CeremonyPurpose = (typeof ceremonyPurposes)[number];

/** Who asks for which ceremony. */
export interface CeremonyOrder extends Omit<CeremonyRequest, "environment" | "purpose" | "software"> {
  readonly purpose: CeremonyPurpose;
  /** Issuing DCAs to make; the stock is filled up when left out. */
  readonly count?: number;
  /** Only to revoke a CA. */
  readonly revocation?: AuthorityRevocation;
  readonly software: string;
  readonly onStep?: (step: string) => void;
}

/**
 * Opens both key stores for the length of one ceremony, holds it, and files its record.
 *
 * @returns the record and the file it was written to
 */
export async function holdCeremonyIn(
  estate: Estate,
  order: CeremonyOrder,
): Promise<CeremonyRecord & { readonly file: string }> {
  // First of all: a ceremony that may not be held makes nothing.
  requireWitnesses(order.witnesses, estate.rules.ceremonyWitnesses.value);
  const made = order.purpose === "found" ? await ensureKeyStores(estate) : [];
  const ceremonySigner = await openCeremonySigner(estate);
  try {
    const operationalSigner = await openOperationalSigner(estate);
    try {
      for (const step of made) order.onStep?.(step);
      const ledger =
        order.purpose === "found"
          ? await ensureLedgerKey(estate, operationalSigner, ceremonySigner)
          : await openLedgerSigner(estate, operationalSigner);
      const signRecord = recordSigner(estate, operationalSigner);
      const record = await hold(
        room(estate, { ceremonySigner, operationalSigner, signRecord }, ledger, order),
        order,
      );
      return { ...record, file: fileRecord(estate, order.purpose, record) };
    } finally {
      await operationalSigner.close();
    }
  } finally {
    await ceremonySigner.close();
  }
}

function hold(room: CeremonyRoom, order: CeremonyOrder): Promise<CeremonyRecord> {
  const { environment } = room.terms;
  const { witnesses, sampleWitnesses, software } = order;
  const request = { environment, witnesses, sampleWitnesses, software };
  switch (order.purpose) {
    case "found":
      return foundHierarchy(room, { ...request, purpose: "found the key hierarchies" });
    case "stock":
      return extendStock(room, { ...request, purpose: "fill the stock of Issuing DCAs" }, order.count);
    case "revoke":
      if (order.revocation === undefined) throw new SmkiError("REVOCATION_INCOMPLETE");
      return revokeAuthority(room, { ...request, purpose: "revoke a CA" }, order.revocation);
    case "arl":
      return renewArls(room, { ...request, purpose: "renew the ARLs" });
  }
}

function room(
  estate: Estate,
  signers: Pick<CeremonyRoom, "ceremonySigner" | "operationalSigner" | "signRecord">,
  ledger: CheckpointSigner,
  order: CeremonyOrder,
): CeremonyRoom {
  const { database, clock, settings, rules } = estate;
  return {
    database,
    ...signers,
    clock,
    terms: hierarchyTerms(settings, rules),
    witnessesNeeded: rules.ceremonyWitnesses.value,
    clockToleranceSeconds: clockToleranceSeconds(settings, rules),
    checkpoint: () => currentCheckpoint(estate, ledger),
    ...(order.onStep === undefined ? {} : { onStep: order.onStep }),
  };
}

/** Sequences what is open; where a running service does that, its newest checkpoint serves. */
async function currentCheckpoint({ database, clock }: Estate, signer: CheckpointSigner): Promise<string> {
  const round = await sequenceOnce({ database, signer, clock });
  return (round?.checkpoint ?? (await signer.lastCheckpoint())).note;
}

function fileRecord({ paths }: Estate, purpose: string, { id, note }: CeremonyRecord): string {
  mkdirSync(paths.ceremonies, { recursive: true, mode: 0o700 });
  const file = join(paths.ceremonies, `${String(id).padStart(4, "0")}-${purpose}.txt`);
  writeFileSync(file, note, { flag: "wx" });
  return file;
}

/** Refuses work that needs a hierarchy where there is none. @throws SmkiError ESTATE_EMPTY */
export function requireHierarchy(authorities: number, folder: string): void {
  if (authorities === 0) throw new SmkiError("ESTATE_EMPTY", { folder });
}
