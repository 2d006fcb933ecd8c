import type { Readable, Writable } from "node:stream";
import { escapeIdentifier } from "pg";
import { from } from "pg-copy-streams";
import { type ConnectionConfig, dedicatedClient } from "../connection.ts";
import { databaseFailure } from "../failures.ts";
import { copyTo } from "./copy-to.ts";
import type { CopiedTable, IdentityState } from "./tables.ts";

/** A stream of a table's rows in PostgreSQL's binary COPY format; `rowCount` is right once it has ended. */
export type RowStream<Kind> = Kind & { readonly rowCount: number };

/** A connection that copies whole tables out, all as of one moment. */
export interface CopyOut {
  read(table: CopiedTable): RowStream<Readable>;
  /**
   * The one text column that a query gives, a line for each row. The texts hold no line feed, backslash or control
   * character. COPY takes no parameters: the query is a constant of the program.
   */
  readLines(query: string): RowStream<Readable>;
  close(): Promise<void>;
}

/** A connection that loads whole tables, all in one transaction. */
export interface CopyIn {
  write(table: CopiedTable): RowStream<Writable>;
  /** Sets an identity column on: the next value is the one after `last`. */
  advance(identity: IdentityState): Promise<void>;
  commit(): Promise<void>;
  /** Without `commit` before, everything is undone. */
  close(): Promise<void>;
}

/**
 * Opens a connection that reads in a snapshot that another transaction has exported and keeps open meanwhile.
 *
 * @param snapshot - what `pg_export_snapshot()` gave
 * @param name - under which it appears in `pg_stat_activity`
 */
export async function openCopyOut(
  config: ConnectionConfig,
  snapshot: string,
  name = "smki backup copy",
): Promise<CopyOut> {
  const client = await openClient(config, name);
  try {
    await client.query("begin isolation level repeatable read, read only");
    await client.query(`set transaction snapshot '${requireSnapshot(snapshot)}'`);
  } catch (error) {
    await client.end();
    throw databaseFailure(error);
  }
  return {
    read: (table) => client.query(copyTo(`copy ${namesOf(table)} to stdout (format binary)`)),
    readLines: (query) =>
      client.query(copyTo(`copy (${query}) to stdout (format text, delimiter e'\\x1f', null '')`)),
    close: () => client.end(),
  };
}

/** Opens a connection and begins the transaction that loads. Triggers and constraints stay in force. */
export async function openCopyIn(config: ConnectionConfig): Promise<CopyIn> {
  const client = await openClient(config, "smki restore copy");
  await client.query("begin");
  return {
    // An identity column takes the values that COPY brings, as with OVERRIDING SYSTEM VALUE.
    write: (table) => client.query(from(`copy ${namesOf(table)} from stdin (format binary)`)),
    advance: async ({ table, column, last }) => {
      if (last > 0)
        await client.query("select setval(pg_get_serial_sequence(quote_ident($1), $2), $3)", [
          table,
          column,
          last,
        ]);
    },
    commit: async () => {
      await client.query("commit");
    },
    close: () => client.end(),
  };
}

async function openClient(config: ConnectionConfig, name: string) {
  try {
    const client = await dedicatedClient(config, name, () => undefined);
    // A table of any size takes as long as it takes, whatever the server grants by default.
    await client.query("set statement_timeout = 0");
    return client;
  } catch (error) {
    throw databaseFailure(error);
  }
}

/** A snapshot's name cannot be a parameter of SET. */
function requireSnapshot(snapshot: string): string {
  if (!/^[0-9A-F-]+$/.test(snapshot)) throw new Error(`no snapshot: ${snapshot}`);
  return snapshot;
}

const namesOf = ({ name, columns }: CopiedTable): string =>
  `${escapeIdentifier(name)} (${columns.map(escapeIdentifier).join(", ")})`;
