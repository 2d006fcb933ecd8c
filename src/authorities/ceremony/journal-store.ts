import { sql } from "kysely";
import type { Tx } from "../../database/transaction.ts";
import type { Sitting } from "./sitting.ts";

export type SittingKind = "begin" | "resume" | "abandon";

type JournalTables = {
  ceremony_sitting: {
    ceremony_id: number;
    number: number;
    kind: SittingKind;
    begun_at: Date;
    operator: string;
    witnesses: readonly string[];
    sample: boolean;
    software: string;
    key_stores: string | null;
  };
  ceremony_step: {
    ceremony_id: number;
    number: number;
    sitting: number;
    name: string;
    words: string;
    at: Date;
    artefact: Buffer | null;
  };
};

const tables = (tx: Tx) => tx.$extendTables<JournalTables>();

/** A sitting as it was kept. */
export interface HeldSitting extends Sitting {
  readonly number: number;
  readonly kind: SittingKind;
  readonly begunAt: Date;
}

/** A step that was done. */
export interface JournaledStep {
  readonly number: number;
  readonly sitting: number;
  readonly name: string;
  readonly words: string;
  readonly at: Date;
  readonly artefact?: Buffer;
}

export async function insertSitting(tx: Tx, ceremonyId: number, sitting: HeldSitting): Promise<void> {
  await tables(tx)
    .insertInto("ceremony_sitting")
    .values({
      ceremony_id: ceremonyId,
      number: sitting.number,
      kind: sitting.kind,
      begun_at: sitting.begunAt,
      operator: sitting.operator,
      witnesses: sitting.witnesses,
      sample: sitting.sampleWitnesses,
      software: sitting.software,
      key_stores: sitting.keyStores ?? null,
    })
    .execute();
}

/** Who sat, in order; none for a ceremony of an earlier release. */
export async function selectSittings(tx: Tx, ceremonyId: number): Promise<HeldSitting[]> {
  const rows = await tables(tx)
    .selectFrom("ceremony_sitting")
    .selectAll()
    .where("ceremony_id", "=", ceremonyId)
    .orderBy("number")
    .execute();
  return rows.map(({ number, kind, begun_at, operator, witnesses, sample, software, key_stores }) => ({
    number,
    kind,
    begunAt: begun_at,
    operator,
    witnesses,
    sampleWitnesses: sample,
    software,
    ...(key_stores === null ? {} : { keyStores: key_stores }),
  }));
}

export async function insertStep(tx: Tx, ceremonyId: number, step: JournaledStep): Promise<void> {
  const { number, sitting, name, words, at, artefact = null } = step;
  await tables(tx)
    .insertInto("ceremony_step")
    .values({ ceremony_id: ceremonyId, number, sitting, name, words, at, artefact })
    .execute();
}

/** The journal of a ceremony, in order. */
export async function selectSteps(tx: Tx, ceremonyId: number): Promise<JournaledStep[]> {
  const rows = await tables(tx)
    .selectFrom("ceremony_step")
    .selectAll()
    .where("ceremony_id", "=", ceremonyId)
    .orderBy("number")
    .execute();
  return rows.map(({ number, sitting, name, words, at, artefact }) => ({
    number,
    sitting,
    name,
    words,
    at,
    ...(artefact === null ? {} : { artefact }),
  }));
}

/** The names of all steps of all ceremonies that begin so. */
export async function selectStepNames(tx: Tx, prefix: string): Promise<string[]> {
  const rows = await tables(tx)
    .selectFrom("ceremony_step")
    .select("name")
    .where(sql<boolean>`starts_with(name, ${prefix})`)
    .execute();
  return rows.map(({ name }) => name);
}
