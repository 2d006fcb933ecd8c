import type { Database } from "../../database/connect.ts";
import { Gathering } from "../../database/gathering.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import { before, milliseconds, type Rulebook } from "../../rulebook/index.ts";
import type { Clock } from "../../time/clock.ts";
import {
  insertWrongCredential,
  type Shown,
  type Standing,
  selectStandings,
  selectWrong,
} from "./access-store.ts";
import { type LockOutRules, lockedUntil } from "./lock-out.ts";
import { type CredentialKind, digestOf, type RepositoryUser, userOfApiKey } from "./repository-user.ts";

/** What credentials are judged by. */
export interface Door {
  readonly database: Database;
  readonly clock: Clock;
  readonly rules: Pick<Rulebook, "repositoryWrongCredentials" | "repositoryLockOut">;
}

/** What led to a lock-out lies within two of its periods; a day is far above that. */
const remembered = { value: 24, unit: "hours" } as const;

/**
 * Who shows this API key.
 *
 * @throws SmkiError REPOSITORY_CREDENTIAL_WRONG (counted against the user that the key names),
 *   REPOSITORY_USER_LOCKED with `until`, also for the right key
 */
export async function authenticateApiKey(door: Door, apiKey: string): Promise<RepositoryUser> {
  return authenticate(door, shownBy(apiKey), standingAlone(door, "api-key"));
}

/**
 * As {@link authenticateApiKey}, for a process that is asked a thousand times a second: who shows a key at about the same
 * time is looked up in one statement.
 */
export function apiKeyAuthentication(door: Door): (apiKey: string) => Promise<RepositoryUser> {
  const standings = new Gathering<Shown, Standing>(async (shown) => {
    const since = before(door.clock(), remembered);
    const found = await door.database.read((tx) => selectStandings(tx, "api-key", shown, since));
    return found.map((standing) => standing ?? new SmkiError("REPOSITORY_CREDENTIAL_WRONG"));
  });
  return async (apiKey) => authenticate(door, shownBy(apiKey), (shown) => standings.ask(shown));
}

function shownBy(apiKey: string): Shown {
  const userId = userOfApiKey(apiKey);
  // Names nobody: there is nobody to lock out.
  if (userId === undefined) throw new SmkiError("REPOSITORY_CREDENTIAL_WRONG");
  return { userId, digest: digestOf(apiKey) };
}

type StandingOf = (shown: Shown) => Promise<Standing | undefined>;

const standingAlone =
  ({ database, clock }: Door, kind: CredentialKind): StandingOf =>
  async (shown) => {
    const since = before(clock(), remembered);
    const [standing] = await database.read((tx) => selectStandings(tx, kind, [shown], since));
    return standing;
  };

/**
 * Whether this user of the file transfer has that SSH public key; that it holds the private one is proved afterwards.
 *
 * @param blob - the key's blob (RFC 4253 6.6)
 * @throws SmkiError as {@link authenticateApiKey}
 */
export function authenticateSshKey(door: Door, userId: number, blob: Buffer): Promise<RepositoryUser> {
  const shown = { userId, digest: digestOf(blob) };
  return authenticate(door, shown, standingAlone(door, "ssh-key"));
}

/** Where a user of the file transfer stands with an SSH public key. */
export interface SshKeyStanding {
  readonly user: RepositoryUser;
  /** The key is a current one of the user. */
  readonly holds: boolean;
  /** Set while wrong credentials lock the user out. */
  readonly lockedUntil?: Date;
}

/**
 * The same question without counting: a client offers every key that it has, and a connection that is open is asked
 * about again.
 *
 * @returns undefined when there is no such user
 */
export async function sshKeyStanding(
  door: Door,
  userId: number,
  blob: Buffer,
): Promise<SshKeyStanding | undefined> {
  const now = door.clock();
  const standing = await standingAlone(door, "ssh-key")({ userId, digest: digestOf(blob) });
  if (standing === undefined) return undefined;
  const until = lockedUntil(standing.wrong, now, limitsOf(door.rules));
  const { user, holds } = standing;
  return { user, holds, ...(until === undefined ? {} : { lockedUntil: until }) };
}

const limitsOf = (rules: Door["rules"]): LockOutRules => ({
  attempts: rules.repositoryWrongCredentials.value,
  period: milliseconds(rules.repositoryLockOut),
});

async function authenticate(
  { database, clock, rules }: Door,
  shown: Shown,
  standingOf: StandingOf,
): Promise<RepositoryUser> {
  const { userId } = shown;
  const now = clock();
  const since = before(now, remembered);
  const limits = limitsOf(rules);
  const standing = await standingOf(shown);
  if (standing === undefined) throw new SmkiError("REPOSITORY_CREDENTIAL_WRONG");
  requireUnlocked(lockedUntil(standing.wrong, now, limits));
  if (standing.holds) return standing.user;
  const locked = await database.transaction(async (tx) => {
    await insertWrongCredential(tx, userId, now);
    return lockedUntil(await selectWrong(tx, userId, since), now, limits);
  });
  // The fifth one is told at once that it was.
  requireUnlocked(locked);
  throw new SmkiError("REPOSITORY_CREDENTIAL_WRONG");
}

function requireUnlocked(until: Date | undefined): void {
  if (until !== undefined) throw new SmkiError("REPOSITORY_USER_LOCKED", { until: until.toISOString() });
}
