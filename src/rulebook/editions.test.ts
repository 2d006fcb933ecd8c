import { describe, expect, test } from "vitest";
import { differences, type Edition, editions, isRuleName, rulebookFor, ruleNames } from "./editions.ts";
import type { Certainty, Rule } from "./rule.ts";
import type { RuleName } from "./rulebook.ts";

const certainties: readonly Certainty[] = [
  "read",
  "decoded",
  "recalled-high",
  "recalled-medium",
  "recalled-low",
  "chosen",
];

function rulesOf(edition: Edition): [RuleName, Rule<unknown>][] {
  return ruleNames.map((name) => [name, rulebookFor(edition)[name]]);
}

describe.each(editions)("every rule of the edition %s", (edition) => {
  test("has a clause, a meaning, a source and a certainty", () => {
    for (const [name, rule] of rulesOf(edition)) {
      expect(rule.clause, name).toMatch(/\S/);
      expect(rule.meaning, name).toMatch(/^\S.{15,}[^.]$/);
      expect(rule.source, name).toMatch(/^\S.{5,}/);
      expect(certainties, name).toContain(rule.certainty);
    }
  });

  test("says why where its value was chosen, and only there", () => {
    for (const [name, rule] of rulesOf(edition)) {
      expect(rule.source.startsWith("not published"), name).toBe(rule.certainty === "chosen");
    }
  });

  test("has a unit where its value is a number that counts something", () => {
    const numbers = rulesOf(edition).filter(([, rule]) => typeof rule.value === "number");
    const withoutUnit = numbers.filter(([, rule]) => rule.unit === undefined).map(([name]) => name);
    expect(withoutUnit).toEqual(["serialNumberFirstOctetFrom", "serialNumberFirstOctetTo"]);
  });

  test("cannot be altered, nor left out", () => {
    for (const [name, rule] of rulesOf(edition)) expect(Object.isFrozen(rule), name).toBe(true);
    expect(Object.isFrozen(rulebookFor(edition))).toBe(true);
    expect(Object.keys(rulebookFor(edition))).toEqual(ruleNames);
  });
});

describe("the editions", () => {
  const values = (a: Edition, b: Edition) =>
    differences(a, b).map(({ name, a: left, b: right }) => [name, left.value, right.value]);

  test("the response differs from the draft exactly in what it asks for", () => {
    expect(values("response", "draft")).toEqual([
      ["singleCsrTarget", 1, 30],
      ["csrForecastsFiled", false, true],
      ["emergencySuspensionDirector", "SEC Panel", "SMKI PMA"],
    ]);
  });

  test("the enacted Code differs from the draft in the location of System Controls", () => {
    expect(values("enacted", "draft")).toEqual([
      ["systemControlsLocation", "United Kingdom", "Great Britain"],
    ]);
  });

  test("a difference is the same from both sides, and no edition differs from itself", () => {
    for (const a of editions) {
      expect(differences(a, a)).toEqual([]);
      for (const b of editions) {
        expect(values(a, b)).toEqual(values(b, a).map(([name, left, right]) => [name, right, left]));
      }
    }
  });

  test("a rule that an edition changes keeps its clause and names the edition's own source", () => {
    for (const { name, a, b } of differences("response", "draft")) {
      expect(a.clause, name).toBe(b.clause);
      expect(a.source, name).not.toBe(b.source);
    }
  });

  test("only the rulebook's own names are rule names", () => {
    expect(isRuleName("singleCsrTarget")).toBe(true);
    expect(isRuleName("toString")).toBe(false);
  });
});

describe("rules that depend on each other", () => {
  test.each(editions)("hold together in %s", (edition) => {
    const rules = rulebookFor(edition);
    expect(rules.organisationCrlInterval.value).toBeLessThan(rules.organisationCrlValidity.value);
    expect(rules.ikiCrlInterval.value).toBeLessThan(rules.ikiCrlValidity.value);
    expect(rules.issuingDcaLowStock.value).toBeLessThan(rules.issuingDcaStockSize.value);
    expect(rules.organisationCertificateMaximumYears.value).toBeLessThan(rules.issuingCaYears.value);
    expect(rules.issuingCaYears.value).toBeLessThan(rules.rootCaYears.value);
    expect(rules.ikiCertificateYears.value).toBeLessThan(rules.ikiIssuingCaYears.value);
    expect(rules.ikiIssuingCaYears.value).toBeLessThan(rules.ikiRootCaYears.value);
    expect(rules.minimumServiceLevel.value).toBeLessThan(rules.targetServiceLevel.value);
    expect(rules.maximumBatchSize.value).toBeLessThanOrEqual(rules.nightCapacity.value);
  });
});
