import type { Database } from "../../database/connect.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import { before, milliseconds, type Rulebook } from "../../rulebook/index.ts";
import type { Clock } from "../../time/clock.ts";
import { insertWrongCredential, selectStanding, selectWrong } from "./access-store.ts";
import { lockedUntil } from "./lock-out.ts";
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
  const userId = userOfApiKey(apiKey);
  // Names nobody: there is nobody to lock out.
  if (userId === undefined) throw new SmkiError("REPOSITORY_CREDENTIAL_WRONG");
  return authenticate(door, userId, "api-key", digestOf(apiKey));
}

/**
 * Whether this user of the file transfer has that SSH public key; that it holds the private one is proved afterwards.
 *
 * @param blob - the key's blob (RFC 4253 6.6)
 * @throws SmkiError as {@link authenticateApiKey}
 */
export function authenticateSshKey(door: Door, userId: number, blob: Buffer): Promise<RepositoryUser> {
  return authenticate(door, userId, "ssh-key", digestOf(blob));
}

async function authenticate(
  { database, clock, rules }: Door,
  userId: number,
  kind: CredentialKind,
  digest: Buffer,
): Promise<RepositoryUser> {
  const now = clock();
  const since = before(now, remembered);
  const limits = {
    attempts: rules.repositoryWrongCredentials.value,
    period: milliseconds(rules.repositoryLockOut),
  };
  const standing = await database.read((tx) => selectStanding(tx, userId, kind, digest, since));
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
