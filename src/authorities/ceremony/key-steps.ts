import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import type { KeyAlgorithm, KeyInfo } from "../../keys/signer.ts";
import { selectAuthorities } from "../authority-store.ts";
import { type CeremonyRoom, type KeyStoreName, signerOf } from "./ceremony-room.ts";
import { fingerprint } from "./fingerprint.ts";
import { contingencyKeyLabel, contingencySymmetricKeyLabel } from "./hierarchy.ts";
import type { Journal } from "./journal.ts";
import type { Purpose } from "./purpose.ts";

/** A key to be made in a ceremony. */
export interface KeyOrder {
  readonly label: string;
  readonly store: KeyStoreName;
  readonly algorithm: KeyAlgorithm;
  /** What the witnesses call it. */
  readonly called: string;
}

/** The name of the step that makes a key. */
export const makeKeyStep = (label: string): string => `make key ${label}`;

/**
 * Makes a key, or finds the one whose making is journaled. A key of that label whose making is not journaled is
 * one that nobody was told of: it is destroyed, and another made.
 *
 * @throws SmkiError CEREMONY_KEY_CHANGED, CEREMONY_KEY_IN_USE
 */
export async function makeKey(room: CeremonyRoom, journal: Journal, order: KeyOrder): Promise<KeyInfo> {
  const { label, store, algorithm, called } = order;
  const signer = signerOf(room, store);
  const publicKey = await journal.step(makeKeyStep(label), async () => {
    const before = await destroyUnjournaled(room, store, label);
    const key = await signer.generateKey(label, algorithm);
    return {
      words: `${called} made in the ${store} store: SHA-256 ${fingerprint(key.publicKey)}${before}`,
      artefact: key.publicKey,
    };
  });
  // What was journaled before an interruption must still be there, the same.
  const key = await signer.findKey(label).catch((cause: unknown) => {
    if (isSmkiError(cause, "KEY_NOT_FOUND")) throw new SmkiError("CEREMONY_KEY_CHANGED", { key: label });
    throw cause;
  });
  if (!key.publicKey.equals(publicKey) || key.algorithm !== algorithm)
    throw new SmkiError("CEREMONY_KEY_CHANGED", { key: label });
  return key;
}

/**
 * Refuses to lodge CAs whose keys are not those whose making was journaled: somebody was at the key store, or a sitting
 * that had lost its lock.
 *
 * @throws SmkiError CEREMONY_KEY_CHANGED
 */
export async function requireKeysAsJournaled(room: CeremonyRoom, journal: Journal): Promise<void> {
  const made = journal.done.filter(({ name }) => name.startsWith(makeKeyStep("")));
  if (made.length === 0) return;
  const keys = [...(await room.ceremonySigner.listKeys()), ...(await room.operationalSigner.listKeys())];
  for (const { name, artefact } of made) {
    const key = keys.find(({ label }) => makeKeyStep(label) === name);
    if (artefact === undefined || key?.publicKey.equals(artefact) !== true)
      throw new SmkiError("CEREMONY_KEY_CHANGED", { key: name.slice(makeKeyStep("").length) });
  }
}

/** Makes a secret, as {@link makeKey} makes a key. */
export async function makeSecret(
  room: CeremonyRoom,
  journal: Journal,
  { label, octets, called }: { readonly label: string; readonly octets: number; readonly called: string },
): Promise<void> {
  await journal.step(`make secret ${label}`, async () => {
    const before = await destroyUnjournaled(room, "ceremony", label);
    await room.ceremonySigner.generateSecret(label, octets);
    return { words: `${called} of ${String(octets)} octets made in the ceremony store${before}` };
  });
}

/**
 * Destroys whatever has that label, a half pair too. @returns what to say of it
 *
 * @throws SmkiError CEREMONY_KEY_IN_USE where a CA of this estate has the key: it was made by no step of ours
 */
async function destroyUnjournaled(room: CeremonyRoom, store: KeyStoreName, label: string): Promise<string> {
  const authorities = await room.database.read((tx) => selectAuthorities(tx));
  if (authorities.some(({ keyLabel }) => keyLabel === label))
    throw new SmkiError("CEREMONY_KEY_IN_USE", { key: label });
  return (await destroyIfThere(room, store, label))
    ? "; one of that name, which an interruption had left, was destroyed first"
    : "";
}

/** Destroys what has that label. @returns whether there was something */
async function destroyIfThere(room: CeremonyRoom, store: KeyStoreName, label: string): Promise<boolean> {
  try {
    await signerOf(room, store).destroyKey(label);
    return true;
  } catch (error) {
    if (!isSmkiError(error, "KEY_NOT_FOUND")) throw error;
    return false;
  }
}

/**
 * Destroys the keys that ceremonies of this purpose made and nothing refers to, each as a step of its own: first
 * it is journaled which there are, so that each is told of, whenever the ceremony stops.
 *
 * Half pairs, which a crash leaves on a token, go too.
 *
 * @param why - `clear`: what an earlier ceremony left, at the beginning; `destroy`: what this one made
 */
export async function destroyLeftovers(
  room: CeremonyRoom,
  journal: Journal,
  purpose: Purpose,
  why: "clear" | "destroy",
): Promise<void> {
  const found = await journal.step(`look for keys to ${why}`, async () => {
    const labels = await leftovers(room, purpose);
    const what = why === "clear" ? "that an abandoned ceremony left" : "that this ceremony made";
    return {
      words: `looked into both key stores for keys ${what}: ${String(labels.length)} found`,
      artefact: Buffer.from(JSON.stringify(labels)),
    };
  });
  for (const { store, label } of JSON.parse(found.toString()) as Leftover[])
    await journal.step(`${why} ${store} key ${label}`, async () => {
      await destroyIfThere(room, store, label);
      return {
        words: `key ${label} ${why === "clear" ? "of an abandoned ceremony " : ""}destroyed in the ${store} store`,
      };
    });
}

interface Leftover {
  readonly store: KeyStoreName;
  readonly label: string;
}

async function leftovers(room: CeremonyRoom, purpose: Purpose): Promise<Leftover[]> {
  const authorities = await room.database.read((tx) => selectAuthorities(tx));
  const inUse = new Set(authorities.map(({ keyLabel }) => keyLabel));
  // The Contingency keys are no CA's, and stay as long as there is a hierarchy.
  if (authorities.length > 0)
    for (const label of [contingencyKeyLabel, contingencySymmetricKeyLabel]) inUse.add(label);
  const found: Leftover[] = [];
  for (const store of ["ceremony", "operational"] as const)
    for (const label of await signerOf(room, store).listLabels())
      if (purpose.makesKey(label) && !inUse.has(label)) found.push({ store, label });
  return found;
}
