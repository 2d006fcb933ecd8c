import type { Difference, Edition, Rule, Rulebook, RuleName } from "../rulebook/index.ts";
import { ruleNames } from "../rulebook/index.ts";

/** A rule's value as a person reads it, with its unit. */
function valueText(rule: Rule<unknown>): string {
  if (rule.unit === undefined) return plain(rule.value);
  const unit = rule.value === 1 ? rule.unit.replace(/s$/, "") : rule.unit;
  return `${plain(rule.value)} ${unit}`;
}

/** All rules of an edition, one a line. */
export function rulebookTable(rules: Rulebook): string {
  const rows = ruleNames.map((name) => [
    name,
    valueText(rules[name]),
    rules[name].clause,
    rules[name].certainty,
  ]);
  return table(["RULE", "VALUE", "CLAUSE", "CERTAINTY"], rows);
}

/** One rule in full. */
export function ruleText(name: RuleName, rule: Rule<unknown>, edition: Edition): string {
  const lines = [
    ["rule", name],
    ["edition", edition],
    ["value", valueText(rule)],
    ["meaning", rule.meaning],
    ["clause", rule.clause],
    ["binds", rule.binds],
    ["source", rule.source],
    ["certainty", rule.certainty],
  ] as const;
  return lines.map(([label, text]) => `${label.padEnd(10)} ${text}\n`).join("");
}

/** The rules in which two editions differ, side by side. */
export function differencesTable(a: Edition, b: Edition, found: readonly Difference[]): string {
  if (found.length === 0) return `The editions ${a} and ${b} do not differ.\n`;
  const rows = found.map(({ name, a: left, b: right }) => [
    name,
    left.clause,
    valueText(left),
    valueText(right),
  ]);
  return table(["RULE", "CLAUSE", a.toUpperCase(), b.toUpperCase()], rows);
}

function plain(value: unknown): string {
  if (typeof value === "number") return value.toLocaleString("en-GB");
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(plain).join(", ");
  if (typeof value === "object" && value !== null) {
    return Object.entries(value)
      .map(
        ([name, part]) => `${name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)} ${plain(part)}`,
      )
      .join(", ");
  }
  return String(value);
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [heads, ...rows];
  const widths = heads.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? "").length)));
  const text = (line: readonly string[]) =>
    line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ");
  return lines.map((line) => `${text(line).trimEnd()}\n`).join("");
}
