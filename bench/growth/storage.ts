import { sql } from "kysely";
import type { Estate } from "../../src/app/estate/estate.ts";
import type { Measurement } from "../report/measurement.ts";

/** Tables and indexes of less than this, in octets a certificate, are added up in one line. */
const worthALine = 0.5;

/** Octets a certificate of each table (with what it keeps out of line) and each index, and of all. */
export async function storage({ database }: Estate, certificates: number): Promise<Measurement[]> {
  const { rows } = await database.read((tx) =>
    sql<{ name: string; octets: number }>`
      select coalesce(indrelid::regclass || ', index ' || relname, relname) as name,
        case when relkind = 'r' then pg_table_size(class.oid) else pg_relation_size(class.oid) end as octets
      from pg_class class left join pg_index on indexrelid = class.oid
      where relkind in ('r', 'i') and relnamespace = current_schema()::regnamespace
      order by octets desc`.execute(tx),
  );
  const each = rows.map(({ name, octets }) => ({ name, octets: octets / certificates }));
  const large = each.filter(({ octets }) => octets >= worthALine);
  const sum = (some: readonly { readonly octets: number }[]) =>
    some.reduce((total, { octets }) => total + octets, 0);
  return [
    ...large,
    { name: "all others", octets: sum(each) - sum(large) },
    { name: "the whole database", octets: sum(each) },
  ].map(({ name, octets }) => ({ name: `stored: ${name}`, value: octets, unit: "octets a certificate" }));
}
