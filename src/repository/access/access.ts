import { brokenConstraint } from "../../database/failures.ts";
import type { Tx } from "../../database/transaction.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import { recordActs } from "../../ledger/record-acts.ts";
import { type Principal, requireOperator } from "../../registration/principal.ts";
import { partyById } from "../../registration/registration.ts";
import * as store from "./access-store.ts";
import {
  type CredentialKind,
  digestOf,
  makeApiKey,
  type RepositoryUser,
  readSshPublicKey,
} from "./repository-user.ts";

/** Who is registered as a user of the repository. */
export interface UserRegistration {
  readonly partyId: number;
  readonly name: string;
  readonly forecastRequests?: number;
}

/**
 * Registers a user of the SMKI Repository; who it is has been checked as the SMKI RAPP has it.
 *
 * @returns the user's number
 * @throws SmkiError NOT_PERMITTED, PARTY_NOT_FOUND, REPOSITORY_USER_INVALID
 */
export async function registerUser(
  tx: Tx,
  by: Principal,
  registration: UserRegistration,
  at: Date,
): Promise<number> {
  requireOperator(by);
  const { partyId, name, forecastRequests } = registration;
  if (name.trim() === "" || name.length > 200)
    throw new SmkiError("REPOSITORY_USER_INVALID", { field: "name", expected: "1 to 200 characters" });
  requireForecast(forecastRequests);
  await partyById(tx, partyId);
  const id = await store.insertUser(tx, { ...registration, registeredAt: at }).catch((error: unknown) => {
    if (brokenConstraint(error) !== "repository_user_name") throw error;
    throw new SmkiError("REPOSITORY_USER_INVALID", { field: "name", problem: "the Party has a user of it" });
  });
  await record(tx, "repository-user.registered", by, id, at, { party: partyId });
  return id;
}

function requireForecast(forecast: number | undefined): void {
  if (forecast === undefined || (Number.isInteger(forecast) && forecast > 0 && forecast < 2 ** 31)) return;
  throw new SmkiError("REPOSITORY_USER_INVALID", { field: "forecast", expected: "a whole number above 0" });
}

/**
 * Gives a user a new API key; the one before it ends with it.
 *
 * @returns the key: told once, and kept nowhere
 * @throws SmkiError NOT_PERMITTED, REPOSITORY_USER_NOT_FOUND
 */
export async function issueApiKey(tx: Tx, by: Principal, userId: number, at: Date): Promise<string> {
  const apiKey = makeApiKey(userId);
  await grant(tx, by, userId, "api-key", apiKey, undefined, at);
  return apiKey;
}

/**
 * Gives a user an SSH key for the file transfer; the one before it ends with it.
 *
 * @param line - of the public key file
 * @throws SmkiError NOT_PERMITTED, REPOSITORY_USER_NOT_FOUND, SSH_KEY_INVALID, also for a key that another user has
 */
export async function registerSshKey(
  tx: Tx,
  by: Principal,
  userId: number,
  line: string,
  at: Date,
): Promise<void> {
  const blob = readSshPublicKey(line);
  await grant(tx, by, userId, "ssh-key", blob, blob, at).catch((error: unknown) => {
    if (brokenConstraint(error) !== "repository_credential_digest") throw error;
    throw new SmkiError("SSH_KEY_INVALID", { problem: "another user has it" });
  });
}

async function grant(
  tx: Tx,
  by: Principal,
  userId: number,
  kind: CredentialKind,
  credential: string | Buffer,
  publicKey: Buffer | undefined,
  at: Date,
): Promise<void> {
  requireOperator(by);
  // Two grants at once would leave two keys.
  if (!(await store.claimUser(tx, userId))) throw userNotFound(userId);
  await store.endCredentials(tx, userId, kind, at);
  await store.insertCredential(tx, userId, kind, digestOf(credential), publicKey, at);
  await record(tx, "repository-credential.granted", by, userId, at, { credential: kind });
}

/** Changes what a user forecast. @throws SmkiError NOT_PERMITTED, REPOSITORY_USER_INVALID, REPOSITORY_USER_NOT_FOUND */
export async function fileForecast(
  tx: Tx,
  by: Principal,
  userId: number,
  requests: number,
  at: Date,
): Promise<void> {
  requireOperator(by);
  requireForecast(requests);
  if (!(await store.updateUser(tx, userId, { forecast_requests: requests }))) throw userNotFound(userId);
  await record(tx, "repository-user.forecast", by, userId, at, { requests });
}

/**
 * Lets a user in again before its lock-out ends, once it was found out who gave the wrong credentials.
 *
 * @throws SmkiError NOT_PERMITTED, REPOSITORY_USER_NOT_FOUND
 */
export async function unlockUser(tx: Tx, by: Principal, userId: number, at: Date): Promise<void> {
  requireOperator(by);
  if (!(await store.updateUser(tx, userId, { unlocked_at: at }))) throw userNotFound(userId);
  await record(tx, "repository-user.unlocked", by, userId, at);
}

/** Ends a user with its credentials, at once. @throws SmkiError NOT_PERMITTED, REPOSITORY_USER_NOT_FOUND */
export async function endUser(tx: Tx, by: Principal, userId: number, at: Date): Promise<void> {
  requireOperator(by);
  if (!(await store.updateUser(tx, userId, { ended_at: at }))) throw userNotFound(userId);
  await record(tx, "repository-user.ended", by, userId, at);
}

/** The current users of the repository. */
export const listUsers = (tx: Tx): Promise<RepositoryUser[]> => store.selectUsers(tx);

const userNotFound = (userId: number) => new SmkiError("REPOSITORY_USER_NOT_FOUND", { user: userId });

/** The act names the user by its number: a leaf of the ledger holds no names. */
const record = (
  tx: Tx,
  kind: string,
  by: Principal,
  userId: number,
  at: Date,
  more: Readonly<Record<string, string | number>> = {},
) => recordActs(tx, [{ kind, at, by: by.name, subject: { user: userId, ...more } }]);
