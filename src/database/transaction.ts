import type { Transaction } from "kysely";

/**
 * An open transaction. A service takes it as its first argument; only routes, jobs and verbs open one.
 * A store narrows it to its own tables with `tx.withTables<ItsTables>()`, so that no duty reaches into
 * another's.
 */
// biome-ignore lint: the empty schema is the point
export type Tx = Transaction<Record<never, never>>;
