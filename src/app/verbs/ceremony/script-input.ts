import type { CeremonyOrder } from "../../../authorities/ceremony/ceremony-order.ts";
import { rulebookFor } from "../../../rulebook/index.ts";
import type { Settings } from "../../../settings/settings.ts";
import { systemClock } from "../../../time/clock.ts";
import type { ScriptInput } from "../../ceremony-paper/script-document.ts";
import { keyStoresInWords } from "../../estate/key-stores-in-words.ts";
import { hierarchyTerms } from "../../estate/terms.ts";
import { software, softwareHash } from "../../software.ts";

/** What the script of a ceremony is made of; neither a key nor an estate is opened for it. */
export function scriptInput(settings: Settings, order: CeremonyOrder, rehearsal = false): ScriptInput {
  const rules = rulebookFor(settings.edition);
  return {
    order,
    // A rehearsal is held in a throw-away estate of the test environment, whatever the settings are for.
    terms: hierarchyTerms(rehearsal ? { ...settings, environment: "test" } : settings, rules),
    witnesses: rules.ceremonyWitnesses,
    rehearsal,
    software: software.inFull,
    keyStores: keyStoresInWords(settings),
    softwareHash: softwareHash(),
    at: systemClock(),
  };
}
