import { hash } from "node:crypto";
import type { Tx } from "../../database/transaction.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import { selectAuthorities } from "../authority-store.ts";
import { issuerOf } from "../issuing/issuer.ts";
import {
  type Ceremony,
  selectAuthorityIds,
  selectCeremonies,
  selectCeremony,
  selectUnfinished,
} from "./ceremony-store.ts";
import { nameInWords } from "./certify.ts";
import { type HeldSitting, type JournaledStep, selectSittings, selectSteps } from "./journal-store.ts";

export type { Ceremony } from "./ceremony-store.ts";
export type { HeldSitting, JournaledStep } from "./journal-store.ts";

/** A CA that a ceremony lodged. */
export interface LodgedAuthority {
  readonly id: string;
  /** Its subject, as people read it. */
  readonly name: string;
  readonly serialNumber: string;
  /** SHA-256 of its certificate, hexadecimal. */
  readonly digest: string;
}

/** All that is kept of one ceremony. */
export interface CeremonyAccount extends Ceremony {
  /** None for a ceremony of an earlier release. */
  readonly sittings: readonly HeldSitting[];
  readonly steps: readonly JournaledStep[];
  readonly authorities: readonly LodgedAuthority[];
}

/** Every ceremony, oldest first, without its steps. */
export function listCeremonies(tx: Tx): Promise<Ceremony[]> {
  return selectCeremonies(tx);
}

/** The ceremony that has no record yet; no other begins before it is resumed or abandoned. */
export function unfinishedCeremony(tx: Tx): Promise<Ceremony | undefined> {
  return selectUnfinished(tx);
}

/** All that is kept of a ceremony. @throws SmkiError CEREMONY_NOT_FOUND */
export async function readCeremony(tx: Tx, id: number): Promise<CeremonyAccount> {
  const ceremony = await selectCeremony(tx, id);
  if (ceremony === undefined) throw new SmkiError("CEREMONY_NOT_FOUND", { ceremony: id });
  const lodged = await selectAuthorityIds(tx, id);
  const authorities = (await selectAuthorities(tx)).filter((authority) => lodged.has(authority.id));
  return {
    ...ceremony,
    sittings: await selectSittings(tx, id),
    steps: await selectSteps(tx, id),
    authorities: authorities.map((authority) => ({
      id: authority.id,
      name: nameInWords(issuerOf(authority).fields.subject),
      serialNumber: authority.serialNumber,
      digest: hash("sha256", authority.certificate, "hex"),
    })),
  };
}
