import { type Generated, sql } from "kysely";
import { byteaArray, int8Array } from "../../database/binary-arrays.ts";
import { prepared } from "../../database/prepared.ts";
import type { Tx } from "../../database/transaction.ts";
import type { CredentialKind, RepositoryInterface, RepositoryUser } from "./repository-user.ts";

type AccessTables = {
  repository_user: {
    id: Generated<number>;
    party_id: number;
    name: string;
    forecast_requests: number | null;
    registered_at: Date;
    ended_at: Date | null;
    unlocked_at: Date | null;
  };
  repository_credential: {
    id: Generated<number>;
    user_id: number;
    kind: CredentialKind;
    digest: Buffer;
    public_key: Buffer | null;
    granted_at: Date;
    ended_at: Date | null;
  };
  repository_wrong_credential: { user_id: number; at: Date };
  repository_usage: { user_id: number; day: string; interface: RepositoryInterface; requests: number };
};

const tables = (tx: Tx) => tx.$extendTables<AccessTables>();

export async function insertUser(tx: Tx, user: Omit<RepositoryUser, "id">): Promise<number> {
  const { id } = await tables(tx)
    .insertInto("repository_user")
    .values({
      party_id: user.partyId,
      name: user.name,
      forecast_requests: user.forecastRequests ?? null,
      registered_at: user.registeredAt,
      ended_at: null,
      unlocked_at: null,
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  return id;
}

/** @returns whether there is such a user that has not ended */
export async function updateUser(
  tx: Tx,
  id: number,
  change: { forecast_requests?: number; ended_at?: Date; unlocked_at?: Date },
): Promise<boolean> {
  const { numUpdatedRows } = await tables(tx)
    .updateTable("repository_user")
    .set(change)
    .where("id", "=", id)
    .where("ended_at", "is", null)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Keeps changes of one user apart until the transaction ends. @returns whether there is such a user that has not ended */
export async function claimUser(tx: Tx, id: number): Promise<boolean> {
  const row = await tables(tx)
    .selectFrom("repository_user")
    .select("id")
    .where("id", "=", id)
    .where("ended_at", "is", null)
    .forUpdate()
    .executeTakeFirst();
  return row !== undefined;
}

export async function insertCredential(
  tx: Tx,
  userId: number,
  kind: CredentialKind,
  digest: Buffer,
  publicKey: Buffer | undefined,
  at: Date,
): Promise<void> {
  await tables(tx)
    .insertInto("repository_credential")
    .values({ user_id: userId, kind, digest, public_key: publicKey ?? null, granted_at: at, ended_at: null })
    .execute();
}

/** Ends the current credentials of a kind. @returns how many there were */
export async function endCredentials(
  tx: Tx,
  userId: number,
  kind: CredentialKind,
  at: Date,
): Promise<number> {
  const { numUpdatedRows } = await tables(tx)
    .updateTable("repository_credential")
    .set({ ended_at: at })
    .where("user_id", "=", userId)
    .where("kind", "=", kind)
    .where("ended_at", "is", null)
    .executeTakeFirst();
  return Number(numUpdatedRows);
}

/** A user with what decides whether it is let in. */
export interface Standing {
  readonly user: RepositoryUser;
  /** A current credential of the user has the digest that was asked for. */
  readonly holds: boolean;
  /** When wrong credentials were given since, in order; those before an unlock left out. */
  readonly wrong: readonly Date[];
}

/** A user with the digest of a credential that somebody shows. */
export interface Shown {
  readonly userId: number;
  readonly digest: Buffer;
}

/** Where users stand with what is shown, in that order; undefined for a user that there is not. On the way of every look-up. */
export async function selectStandings(
  tx: Tx,
  kind: CredentialKind,
  shown: readonly Shown[],
  since: Date,
): Promise<(Standing | undefined)[]> {
  const users = int8Array(shown.map(({ userId }) => userId));
  const digests = byteaArray(shown.map(({ digest }) => digest));
  const { rows } = await sql<UserRow & { place: number; holds: boolean; wrong: Date[] | null }>`${prepared}
    select shown.place::int as place, u.id, party_id, name, forecast_requests, registered_at, ended_at,
      exists (select from repository_credential c
        where c.user_id = u.id and c.kind = ${kind} and c.digest = shown.digest and c.ended_at is null) as holds,
      (select array_agg(w.at order by w.at) from repository_wrong_credential w
        where w.user_id = u.id and w.at > ${since} and (u.unlocked_at is null or w.at > u.unlocked_at)) as wrong
    from unnest(${users}::bigint[], ${digests}::bytea[]) with ordinality as shown (user_id, digest, place)
    join repository_user u on u.id = shown.user_id and u.ended_at is null`.execute(tx);
  const standings: (Standing | undefined)[] = shown.map(() => undefined);
  for (const row of rows)
    standings[row.place - 1] = { user: userOf(row), holds: row.holds, wrong: row.wrong ?? [] };
  return standings;
}

type UserRow = {
  id: number;
  party_id: number;
  name: string;
  forecast_requests: number | null;
  registered_at: Date;
  ended_at: Date | null;
};

function userOf(row: UserRow): RepositoryUser {
  return {
    id: row.id,
    partyId: row.party_id,
    name: row.name,
    registeredAt: row.registered_at,
    ...(row.forecast_requests === null ? {} : { forecastRequests: row.forecast_requests }),
    ...(row.ended_at === null ? {} : { endedAt: row.ended_at }),
  };
}

/** The current users, by Party and name. */
export async function selectUsers(tx: Tx): Promise<RepositoryUser[]> {
  const rows = await tables(tx)
    .selectFrom("repository_user")
    .select(["id", "party_id", "name", "forecast_requests", "registered_at", "ended_at"])
    .where("ended_at", "is", null)
    .orderBy("party_id")
    .orderBy("name")
    .execute();
  return rows.map(userOf);
}

export async function insertWrongCredential(tx: Tx, userId: number, at: Date): Promise<void> {
  await tables(tx).insertInto("repository_wrong_credential").values({ user_id: userId, at }).execute();
}

/** When wrong credentials were given for a user since, in order; those before an unlock left out. */
export async function selectWrong(tx: Tx, userId: number, since: Date): Promise<Date[]> {
  const rows = await tables(tx)
    .selectFrom("repository_wrong_credential")
    .innerJoin("repository_user", "repository_user.id", "user_id")
    .select("at")
    .where("user_id", "=", userId)
    .where("at", ">", since)
    .where((on) => on.or([on("unlocked_at", "is", null), on("at", ">", on.ref("unlocked_at"))]))
    .orderBy("at")
    .execute();
  return rows.map(({ at }) => at);
}

/** Adds counted requests of several users at once. */
export async function addUsage(
  tx: Tx,
  day: string,
  counted: readonly { userId: number; interface: RepositoryInterface; requests: number }[],
): Promise<void> {
  // In one order, so that two processes that add at the same time never wait for each other in a circle.
  const inOrder = counted.toSorted((a, b) => a.userId - b.userId || a.interface.localeCompare(b.interface));
  for (const { userId, interface: through, requests } of inOrder)
    await sql`insert into repository_usage (user_id, day, interface, requests)
      values (${userId}, ${day}, ${through}, ${requests})
      on conflict (user_id, day, interface) do update set requests = repository_usage.requests + excluded.requests`.execute(
      tx,
    );
}

/** Requests of every user since a day, by user and interface. */
export async function selectUsage(
  tx: Tx,
  since: string,
): Promise<{ userId: number; day: string; interface: RepositoryInterface; requests: number }[]> {
  const { rows } = await sql<{
    userId: number;
    day: string;
    interface: RepositoryInterface;
    requests: number;
  }>`select user_id as "userId", day::text, interface, requests
    from repository_usage where day >= ${since} order by user_id, day, interface`.execute(tx);
  return rows;
}
