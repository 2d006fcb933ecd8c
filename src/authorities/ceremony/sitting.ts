import { SmkiError } from "../../errors/smki-error.ts";

/** Who is in the room while a ceremony is held, and what runs there. */
export interface Sitting {
  /** Names of the persons who watch, each with a role in brackets or without; at least as many as the rulebook asks, all different. */
  readonly witnesses: readonly string[];
  /** The witnesses are made up, for a demonstration; the record says so on its face. */
  readonly sampleWitnesses: boolean;
  /** Who works at the machine, for example `operator:root`. */
  readonly operator: string;
  /** Name, version and hash of the software. */
  readonly software: string;
  /** Where the keys live, in words; unknown of a sitting that an earlier release held. */
  readonly keyStores?: string;
}

/**
 * A witness as people name them: `Ada Byron`, or with their role behind, `Ada Byron (internal auditor)`.
 *
 * @returns the role is empty where none is given
 */
export function nameAndRole(witness: string): { readonly name: string; readonly role: string } {
  const [, name = witness, role = ""] = /^(.*\S)\s*\(([^()]+)\)\s*$/.exec(witness) ?? [];
  return { name: name.trim(), role: role.trim() };
}

const longestName = 200;
/** Control and format characters, and what breaks a line (Unicode categories Cc, Cf, Co, Zl, Zp). */
const unseen = /[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]/u;

/**
 * Refuses a ceremony without enough witnesses, or with one person counted twice.
 *
 * @param needed - from the rulebook
 * @throws SmkiError CEREMONY_WITNESSES_NEEDED, WITNESS_NAME_INVALID: a name is one line of the signed record, where
 *   a line break would forge another, and no signed note takes a control character
 */
export function requireWitnesses(witnesses: readonly string[], needed: number): void {
  for (const name of witnesses)
    if (name.length > longestName || !name.isWellFormed() || unseen.test(name))
      throw new SmkiError("WITNESS_NAME_INVALID", { name: JSON.stringify(name.slice(0, longestName)) });
  // One person in two roles is one person.
  const names = witnesses.map((witness) => nameAndRole(witness).name);
  const different = new Set(names.map((name) => name.normalize("NFKC").toLowerCase().replace(/\s+/g, " ")));
  different.delete("");
  if (different.size < needed || different.size < witnesses.length)
    throw new SmkiError("CEREMONY_WITNESSES_NEEDED", { needed, given: different.size });
}
