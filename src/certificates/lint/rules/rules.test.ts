import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { certificateRules, tbsRules } from "./index.ts";

describe("the rules", () => {
  const rules = [...tbsRules, ...certificateRules];

  it("are each a file of their own name, with a source", () => {
    const files = readdirSync(import.meta.dirname).filter(
      (file) => !/^index\.ts$|\.(test|testdata)\.ts$/.test(file),
    );
    expect(rules.map(({ name }) => `${name}.ts`).sort()).toEqual(files.sort());
    for (const { source } of rules) expect(source).toMatch(/RFC|GBCS|SEC|DCC/);
  });
});
