import { describe, expect, test } from "vitest";
import { catalogue } from "../src/errors/catalogue.ts";
import type { ErrorEntry } from "../src/errors/entry.ts";
import { errorsPage } from "./errors-page-text.ts";

const entries: [string, ErrorEntry][] = Object.entries(catalogue);

describe("the catalogue of error codes", () => {
  test("names every code in capitals and says what happened and what to do", () => {
    expect(entries.length).toBeGreaterThan(0);
    for (const [code, { what, remedy }] of entries) {
      expect(code).toMatch(/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/);
      expect(what, code).toMatch(/^\S.*[^.\s]$/);
      expect(remedy, code).toMatch(/^\S.*\.$/s);
    }
  });

  test("is on the page, code by code", () => {
    const page = errorsPage(catalogue);
    for (const [code] of entries) expect(page).toContain(`| \`${code}\` |`);
  });

  test("cannot break the page's table", () => {
    const page = errorsPage({ A_B: { what: "a|b\nc <d>", remedy: "Do it.", status: 400 } });
    expect(page).toContain("| `A_B` | a\\|b c &lt;d> | Do it. | 400 |");
  });
});
