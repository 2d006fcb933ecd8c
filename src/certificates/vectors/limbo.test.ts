import { describe, expect, it } from "vitest";
import type { VectorFamily } from "./exclusions.testdata.ts";
import { asVectorCase, readLimbo, refusalsOf } from "./limbo.testdata.ts";
import { refusals } from "./refusals.testdata.ts";
import { announce, hasVectors, needsVectors, tallyOf } from "./vectors.testdata.ts";

const families: readonly (readonly [VectorFamily, string])[] = [
  ["x509-limbo", "limbo-part.json"],
  ["BetterTLS path building", "bettertls-pathbuilding-part.json"],
];

describe.skipIf(!hasVectors).each(families)(`%s ${needsVectors}`, (family, file) => {
  const cases = hasVectors ? readLimbo(file) : [];
  const tally = tallyOf(family, cases.map(asVectorCase));

  it(tally.summary, () => {
    announce(tally);
    expect(tally.failing).toEqual([]);
    expect(tally.run + tally.excluded.length).toBe(cases.length);
  });

  it("excludes nothing that need not be", () => {
    expect(tally.unnecessary).toEqual([]);
  });

  it("refuses each case for the reason that it is about", () => {
    const refused = cases.filter(
      ({ id, expected_result }) => expected_result === "FAILURE" && !tally.excluded.includes(id),
    );
    const reasonOf = (id: string) => Object.keys(refusals).find((reason) => refusals[reason]?.includes(id));
    expect(refused.filter((each) => !refusalsOf(each).includes(reasonOf(each.id) ?? "none written"))).toEqual(
      [],
    );
  });
});

describe.skipIf(!hasVectors)(`the reasons written down ${needsVectors}`, () => {
  it("are of cases that there are, each once", () => {
    const written = Object.values(refusals).flat();
    const refused = families
      .flatMap(([, file]) => readLimbo(file))
      .filter((each) => each.expected_result === "FAILURE" && refusalsOf(each).length > 0);
    expect(written.toSorted()).toEqual(refused.map(({ id }) => id).toSorted());
  });
});
