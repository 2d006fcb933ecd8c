import { sql } from "kysely";
import type { Tx } from "../transaction.ts";

/** A table as it is copied. */
export interface CopiedTable {
  readonly name: string;
  /** In the order of the table; generated ones are left out, since the server works them out again. */
  readonly columns: readonly string[];
}

/** An identity column, and the last value that it has given. */
export interface IdentityState {
  readonly table: string;
  readonly column: string;
  /** 0 before the first. */
  readonly last: number;
}

/** The mark of an unfinished restore, in an external database. */
export const markTable = "restore_unfinished";

/** The record of migrations is no content: whoever loads a copy migrates for himself. Nor is the mark of a restore. */
const leftOut = ["migration", markTable];

interface Reference {
  readonly table: string;
  readonly references: string;
}

/**
 * Every table of the program, each after those that it refers to, so that rows can be loaded in this order with all
 * constraints in force.
 */
export async function listTables(tx: Tx): Promise<CopiedTable[]> {
  const { rows: tables } = await sql<CopiedTable>`
    select c.relname as name,
      array(select a.attname::text from pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
        order by a.attnum) as columns
    from pg_class c
    where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r' and c.relname <> all(${leftOut})
      and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
    order by c.relname`.execute(tx);
  const { rows: references } = await sql<Reference>`
    select distinct c.conrelid::regclass::text as table, c.confrelid::regclass::text as references
    from pg_constraint c
    where c.contype = 'f' and c.connamespace = current_schema()::regnamespace and c.conrelid <> c.confrelid`.execute(
    tx,
  );
  return inOrder(tables, references);
}

/** Pure: those without an unmet reference first. A circle would leave its tables in the order of their names. */
export function inOrder(tables: readonly CopiedTable[], references: readonly Reference[]): CopiedTable[] {
  const ordered: CopiedTable[] = [];
  let left = [...tables];
  while (left.length > 0) {
    const waiting = new Set(left.map(({ name }) => name));
    const free = left.filter(({ name }) =>
      references.every((one) => one.table !== name || !waiting.has(one.references)),
    );
    const next = free.length > 0 ? free : left;
    ordered.push(...next);
    left = left.filter((table) => !next.includes(table));
  }
  return ordered;
}

/** Every identity column with what it gave last. A sequence is no part of a snapshot: it may be ahead of the rows, never behind. */
export async function readIdentities(tx: Tx): Promise<IdentityState[]> {
  const { rows: columns } = await sql<{ table: string; column: string; sequence: string }>`
    select c.relname as table, a.attname as column,
      pg_get_serial_sequence(quote_ident(c.relname), a.attname) as sequence
    from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r' and a.attidentity <> ''
      and not a.attisdropped
    order by c.relname`.execute(tx);
  const states: IdentityState[] = [];
  for (const { table, column, sequence } of columns) {
    const { rows } = await sql<{ last: number }>`
      select case when is_called then last_value else 0 end as last from ${sql.raw(sequence)}`.execute(tx);
    states.push({ table, column, last: rows[0]?.last ?? 0 });
  }
  return states;
}
