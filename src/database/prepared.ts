import { hash } from "node:crypto";
import { type RawBuilder, sql } from "kysely";
import type { PoolClient } from "pg";

const mark = "/* prepared */";

/**
 * Marks a statement that is asked for thousands of times a second: PostgreSQL then parses and plans it once for a
 * connection, and not each time, which costs it more than a look-up in an index does. Before `select` in SQL, or by
 * `modifyFront`. For statements whose text does not depend on what is asked: each text is kept for as long as its
 * connection.
 *
 * @example
 * ```ts
 * await sql`${prepared} select 1`.execute(tx);
 * ```
 */
export const prepared: RawBuilder<unknown> = sql.raw(mark);

const names = new Map<string, string>();

/** Has a new connection prepare the statements that bear the mark. */
export function prepareMarked(client: PoolClient): void {
  const query = client.query.bind(client) as (...parameters: unknown[]) => unknown;
  const preparing = (text: unknown, values?: unknown, ...others: unknown[]): unknown =>
    typeof text === "string" && text.lastIndexOf(mark, mark.length) >= 0
      ? query({ name: nameOf(text), text, values }, ...others)
      : query(text, values, ...others);
  client.query = preparing as typeof client.query;
}

function nameOf(text: string): string {
  const known = names.get(text);
  if (known !== undefined) return known;
  const name = hash("sha256", text, "base64url");
  names.set(text, name);
  return name;
}
