import { custody } from "./custody.ts";
import { deviceEligibility } from "./device-eligibility.ts";
import { interfaces } from "./interfaces.ts";
import { lifetimes } from "./lifetimes.ts";
import { operation } from "./operation.ts";
import { performance } from "./performance.ts";
import { profiles } from "./profiles.ts";
import { registration } from "./registration.ts";
import { repositoryAccess } from "./repository-access.ts";
import { revocation } from "./revocation.ts";
import type { Rule } from "./rule.ts";

/**
 * The `draft` edition: the text that was consulted on. Where it is not public, a rule stands here as it was
 * later designated, since no source says that it was different.
 */
export const draft = {
  ...performance,
  ...profiles,
  ...lifetimes,
  ...revocation,
  ...custody,
  ...registration,
  ...deviceEligibility,
  ...repositoryAccess,
  ...interfaces,
  ...operation,
} as const;

/** Every rule by name. All editions have the same rules; they differ in what some of them say. */
export type Rulebook = Readonly<typeof draft>;

/** The name of a rule. */
export type RuleName = keyof Rulebook;

/** What a rule's value is. */
export type RuleValue<Name extends RuleName> = Rulebook[Name]["value"];

/** What an edition says otherwise: the value with its own source, and whatever else of the rule changes with it. */
export type Overlay = {
  readonly [Name in RuleName]?: Pick<Rule<RuleValue<Name>>, "value" | "source" | "certainty"> &
    Partial<Rule<RuleValue<Name>>>;
};

/** Lays an edition's differences over another edition. */
export function overlaid(base: Rulebook, differences: Overlay): Rulebook {
  const names = Object.keys(base) as RuleName[];
  const entries = names.map((name) => [name, Object.freeze({ ...base[name], ...differences[name] })]);
  return Object.freeze(Object.fromEntries(entries)) as Rulebook;
}
