/**
 * The rules of the Smart Energy Code that SMKI runs by, as data: every number, actor and deadline with its
 * clause, its source and how sure it is, in the editions `response`, `draft` and `enacted`.
 *
 * @packageDocumentation
 */
export {
  type DeviceType,
  deviceTypes,
  type EligibleDevices,
  notInInventory,
  type SmiStatus,
  smiStatuses,
} from "./device-vocabulary.ts";
export { after, before, type DurationRule, milliseconds } from "./duration.ts";
export {
  type Difference,
  defaultEdition,
  differences,
  type Edition,
  editions,
  isRuleName,
  rulebookFor,
  ruleNames,
} from "./editions.ts";
export { lintLimits } from "./lint-limits.ts";
export type { AdHocPace, BatchPolling, BatchTarget, ProcessingWindow } from "./performance.ts";
export { type ExtractInterval, type Weekday, weekdays } from "./repository-access.ts";
export type { Bound, Certainty, Rule, Unit } from "./rule.ts";
export type { Rulebook, RuleName, RuleValue } from "./rulebook.ts";
