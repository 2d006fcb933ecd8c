import type { Rule } from "./rule.ts";
import { draft, type Overlay, overlaid, type Rulebook, type RuleName } from "./rulebook.ts";
import { sectionG, sectionL2, sectionL8, response as theResponse } from "./sources.ts";

/** What the response to the consultation asks for instead of the draft. */
const askedFor: Overlay = {
  singleCsrTarget: {
    value: 1,
    source: `${theResponse}, comment on "L8.1 (&)", read as L8.1(a)`,
    certainty: "read",
  },
  csrForecastsFiled: {
    value: false,
    source: `${theResponse}, comment on L8.7: the DCC has the details from other sources`,
    certainty: "read",
  },
  emergencySuspensionDirector: {
    value: "SEC Panel",
    source: `${theResponse}, question 4`,
    certainty: "read",
  },
};

/** What the Code became, where that is another value than the draft's or where its source is better. */
const designated: Overlay = {
  singleCsrTarget: { value: 30, source: sectionL8, certainty: "recalled-high" },
  csrForecastsFiled: { value: true, source: sectionL8, certainty: "recalled-medium" },
  emergencySuspensionDirector: { value: "SMKI PMA", source: sectionL2, certainty: "recalled-high" },
  systemControlsLocation: { value: "United Kingdom", source: sectionG, certainty: "recalled-medium" },
};

const books = {
  response: overlaid(draft, askedFor),
  draft: overlaid(draft, {}),
  enacted: overlaid(draft, designated),
} as const satisfies Record<string, Rulebook>;

/** `response` is what the response to the consultation asks for, `draft` the text it answers, `enacted` what the SEC became. */
export type Edition = keyof typeof books;

/** Every edition; the first is the default. */
export const editions = ["response", "draft", "enacted"] as const satisfies readonly Edition[];

/** The edition that runs where no other is chosen. */
export const defaultEdition: Edition = "response";

/** The rules of one edition. */
export function rulebookFor(edition: Edition): Rulebook {
  return books[edition];
}

/** A rule that two editions give different values. */
export interface Difference {
  readonly name: RuleName;
  readonly a: Rule<unknown>;
  readonly b: Rule<unknown>;
}

/** The rules whose values differ between two editions, in the order of the rulebook. */
export function differences(a: Edition, b: Edition): Difference[] {
  const [left, right] = [rulebookFor(a), rulebookFor(b)];
  return ruleNames
    .filter((name) => JSON.stringify(left[name].value) !== JSON.stringify(right[name].value))
    .map((name) => ({ name, a: left[name], b: right[name] }));
}

/** The name of every rule, in the order of the rulebook. */
export const ruleNames: readonly RuleName[] = Object.keys(draft) as RuleName[];

/** Whether there is a rule of that name. */
export function isRuleName(name: string): name is RuleName {
  return Object.hasOwn(draft, name);
}
