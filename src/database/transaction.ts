import type { Transaction } from "kysely";

/** The schema that nobody shares. */
export type NoTables = Record<never, never>;

/**
 * An open transaction. A service takes it as its first argument; only routes, jobs and verbs open one.
 * A store narrows it to its own tables with `tx.$extendTables<ItsTables>()`, so that no duty reaches into
 * another's.
 */
export type Tx = Transaction<NoTables>;
