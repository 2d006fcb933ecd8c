import type { CeremonyOrder } from "../../authorities/ceremony/ceremony-order.ts";
import type { CeremonyRecord, CeremonyRoom } from "../../authorities/ceremony/ceremony-room.ts";
import { holdCeremony } from "../../authorities/ceremony/hold.ts";
import { purposes } from "../../authorities/ceremony/purposes.ts";
import { abandonCeremony, resumeCeremony } from "../../authorities/ceremony/resume.ts";
import { requireWitnesses, type Sitting } from "../../authorities/ceremony/sitting.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import type { Signer } from "../../keys/signer.ts";
import type { CheckpointSigner } from "../../ledger/checkpoint-signer.ts";
import { sequenceOnce } from "../../ledger/sequencer.ts";
import { type CeremonyFiles, fileCeremony } from "./ceremony-files.ts";
import type { Estate } from "./estate.ts";
import {
  ensureKeyStores,
  ensureLedgerKey,
  openCeremonySigner,
  openLedgerSigner,
  openOperationalSigner,
  recordSigner,
} from "./key-stores.ts";
import { keyStoresInWords } from "./key-stores-in-words.ts";
import { clockToleranceSeconds, hierarchyTerms } from "./terms.ts";

/** How a ceremony is watched from outside, and whether it is practice. */
export type CeremonyOptions = Pick<CeremonyRoom, "onStep" | "afterStep" | "rehearsal">;

/** What a ceremony left behind, in the database and in the data folder. */
export type FiledCeremony = CeremonyRecord & CeremonyFiles;

/**
 * Opens both key stores for the length of one ceremony, holds it, and files its record.
 *
 * @throws SmkiError CEREMONY_WITNESSES_NEEDED, CEREMONY_UNFINISHED, and what keeps a key store from being opened
 */
export async function holdCeremonyIn(
  estate: Estate,
  order: CeremonyOrder,
  sitting: Sitting,
  options: CeremonyOptions = {},
): Promise<FiledCeremony> {
  return inRoom(estate, sitting, { ...options, founds: order.purpose === "found" }, (room, seated) =>
    holdCeremony(room, purposes[order.purpose], order, seated),
  );
}

/** Goes on with the ceremony that was interrupted. @throws SmkiError CEREMONY_NONE_UNFINISHED */
export function resumeCeremonyIn(
  estate: Estate,
  sitting: Sitting,
  options: CeremonyOptions = {},
): Promise<FiledCeremony> {
  return inRoom(estate, sitting, options, resumeCeremony);
}

/** Gives up the ceremony that was interrupted. @throws SmkiError CEREMONY_NONE_UNFINISHED, CEREMONY_HELD_ALREADY */
export function abandonCeremonyIn(
  estate: Estate,
  sitting: Sitting,
  options: CeremonyOptions = {},
): Promise<FiledCeremony> {
  return inRoom(estate, sitting, options, abandonCeremony);
}

async function inRoom(
  estate: Estate,
  sitting: Sitting,
  options: CeremonyOptions & { readonly founds?: boolean },
  work: (room: CeremonyRoom, sitting: Sitting) => Promise<CeremonyRecord>,
): Promise<FiledCeremony> {
  // First of all: a ceremony that may not be held makes nothing.
  requireWitnesses(sitting.witnesses, estate.rules.ceremonyWitnesses.value);
  const made = options.founds === true ? await ensureKeyStores(estate) : [];
  const ceremonySigner = await openCeremonySigner(estate);
  try {
    const operationalSigner = await openOperationalSigner(estate);
    try {
      for (const step of made) options.onStep?.(step);
      const ledger =
        options.founds === true
          ? await ensureLedgerKey(estate, operationalSigner, ceremonySigner)
          : await openLedgerSigner(estate, operationalSigner);
      const opened = room(estate, ceremonySigner, operationalSigner, ledger, options);
      const record = await work(opened, { ...sitting, keyStores: keyStoresInWords(estate.settings) });
      const files = await fileCeremony(estate, record.id);
      // The act that has the record's digest comes after the checkpoint in it: it is sealed now, service or not.
      await currentCheckpoint(estate, ledger);
      return { ...record, ...files };
    } finally {
      await operationalSigner.close();
    }
  } finally {
    await ceremonySigner.close();
  }
}

function room(
  estate: Estate,
  ceremonySigner: Signer,
  operationalSigner: Signer,
  ledger: CheckpointSigner,
  { onStep, afterStep, rehearsal = false }: CeremonyOptions,
): CeremonyRoom {
  const { database, clock, settings, rules } = estate;
  return {
    database,
    ceremonySigner,
    operationalSigner,
    clock,
    rehearsal,
    terms: hierarchyTerms(settings, rules),
    witnessesNeeded: rules.ceremonyWitnesses.value,
    clockToleranceSeconds: clockToleranceSeconds(settings, rules),
    checkpoint: () => currentCheckpoint(estate, ledger),
    signRecord: recordSigner(estate, operationalSigner),
    ...(onStep === undefined ? {} : { onStep }),
    ...(afterStep === undefined ? {} : { afterStep }),
  };
}

/** Sequences what is open; where a running service does that, its newest checkpoint serves. */
async function currentCheckpoint({ database, clock }: Estate, signer: CheckpointSigner): Promise<string> {
  const round = await sequenceOnce({ database, signer, clock });
  return (round?.checkpoint ?? (await signer.lastCheckpoint())).note;
}

/** Refuses work that needs a hierarchy where there is none. @throws SmkiError ESTATE_EMPTY */
export function requireHierarchy(authorities: number, folder: string): void {
  if (authorities === 0) throw new SmkiError("ESTATE_EMPTY", { folder });
}
