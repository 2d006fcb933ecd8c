import { type Generated, sql } from "kysely";
import type { Tx } from "../../database/transaction.ts";
import type { CeremonyOrder } from "./ceremony-order.ts";

export type CeremonyState = "begun" | "held" | "recorded" | "abandoned";

type CeremonyTables = {
  ceremony: {
    id: Generated<number>;
    purpose: string;
    environment: "test" | "live";
    rehearsal: boolean;
    sample_witnesses: boolean;
    state: CeremonyState;
    begun_at: Date;
    held_at: Date | null;
    recorded_at: Date | null;
    request: CeremonyOrder;
    terms: string | null;
    checkpoint_before: string | null;
    checkpoint_after: string | null;
    record: string | null;
  };
};

const tables = (tx: Tx) => tx.$extendTables<CeremonyTables>();

/** A ceremony as its row has it. */
export interface Ceremony {
  readonly id: number;
  readonly order: CeremonyOrder;
  readonly state: CeremonyState;
  readonly environment: "test" | "live";
  readonly rehearsal: boolean;
  readonly sample: boolean;
  readonly begunAt: Date;
  readonly heldAt?: Date;
  readonly recordedAt?: Date;
  /** SHA-256 over the terms that it began under; earlier releases kept none. */
  readonly terms?: string;
  /** Whole notes. */
  readonly checkpointBefore?: string;
  readonly checkpointAfter?: string;
  /** The signed record; a ceremony is unfinished while it has none. */
  readonly record?: string;
}

function fromRow(row: Omit<CeremonyTables["ceremony"], "id"> & { readonly id: number }): Ceremony {
  return {
    id: row.id,
    order: { ...row.request, purpose: row.purpose as CeremonyOrder["purpose"] },
    state: row.state,
    environment: row.environment,
    rehearsal: row.rehearsal,
    sample: row.sample_witnesses,
    begunAt: row.begun_at,
    ...(row.held_at === null ? {} : { heldAt: row.held_at }),
    ...(row.recorded_at === null ? {} : { recordedAt: row.recorded_at }),
    ...(row.terms === null ? {} : { terms: row.terms }),
    ...(row.checkpoint_before === null ? {} : { checkpointBefore: row.checkpoint_before }),
    ...(row.checkpoint_after === null ? {} : { checkpointAfter: row.checkpoint_after }),
    ...(row.record === null ? {} : { record: row.record }),
  };
}

/** Every ceremony, oldest first. */
export async function selectCeremonies(tx: Tx): Promise<Ceremony[]> {
  return (await tables(tx).selectFrom("ceremony").selectAll().orderBy("id").execute()).map(fromRow);
}

export async function selectCeremony(tx: Tx, id: number): Promise<Ceremony | undefined> {
  const row = await tables(tx).selectFrom("ceremony").selectAll().where("id", "=", id).executeTakeFirst();
  return row && fromRow(row);
}

/** The oldest ceremony that has no record yet. */
export async function selectUnfinished(tx: Tx): Promise<Ceremony | undefined> {
  const row = await tables(tx)
    .selectFrom("ceremony")
    .selectAll()
    .where("record", "is", null)
    .orderBy("id")
    .limit(1)
    .executeTakeFirst();
  return row && fromRow(row);
}

/** @returns its number */
export async function insertCeremony(
  tx: Tx,
  ceremony: Pick<Ceremony, "order" | "environment" | "rehearsal" | "sample" | "begunAt"> & {
    readonly terms: string;
    readonly checkpointBefore: string;
  },
): Promise<number> {
  const { id } = await tables(tx)
    .insertInto("ceremony")
    .values({
      purpose: ceremony.order.purpose,
      environment: ceremony.environment,
      rehearsal: ceremony.rehearsal,
      sample_witnesses: ceremony.sample,
      state: "begun",
      begun_at: ceremony.begunAt,
      held_at: null,
      recorded_at: null,
      request: sql<CeremonyOrder>`${JSON.stringify(ceremony.order)}::jsonb`,
      terms: ceremony.terms,
      checkpoint_before: ceremony.checkpointBefore,
      checkpoint_after: null,
      record: null,
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  return id;
}

/** Moves a ceremony on from `begun`; false when it is not in that state any more. */
export async function endBegun(
  tx: Tx,
  id: number,
  to: { readonly state: "held"; readonly at: Date } | { readonly state: "abandoned" },
): Promise<boolean> {
  const moved = await tables(tx)
    .updateTable("ceremony")
    .set({ state: to.state, held_at: to.state === "held" ? to.at : null })
    .where("id", "=", id)
    .where("state", "=", "begun")
    .executeTakeFirst();
  return moved.numUpdatedRows === 1n;
}

export async function updateCheckpointAfter(tx: Tx, id: number, note: string): Promise<void> {
  await tables(tx).updateTable("ceremony").set({ checkpoint_after: note }).where("id", "=", id).execute();
}

/** Keeps the signed record of a ceremony that was held or abandoned; false when it has one already. */
export async function updateRecord(tx: Tx, id: number, record: string, at: Date): Promise<boolean> {
  const recorded = await tables(tx)
    .updateTable("ceremony")
    .set({
      record,
      recorded_at: at,
      state: sql<CeremonyState>`case state when 'held' then 'recorded' else state end`,
    })
    .where("id", "=", id)
    .where("record", "is", null)
    .executeTakeFirst();
  return recorded.numUpdatedRows === 1n;
}

/** The CAs that a ceremony lodged. */
export async function selectAuthorityIds(tx: Tx, ceremonyId: number): Promise<Set<string>> {
  const { rows } = await sql<{ id: string }>`
    select id from certification_authority where ceremony_id = ${ceremonyId}`.execute(tx);
  return new Set(rows.map(({ id }) => id));
}
