import { afterEach, describe, expect, it, vi } from "vitest";
import { SmkiError } from "../errors/smki-error.ts";
import { tellError } from "./output.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

describe("an error that is told", () => {
  it.each([
    ["what a file says of itself", { label: "\u001B[31mA\nsmki: all is well" }, 2],
    ["each of several mistakes", { mistakes: "one\u001B[2K\ntwo\u009B" }, 4],
  ])("moves no terminal's cursor and begins no line of its own: %s", (_, details, lines) => {
    let text = "";
    vi.spyOn(process.stderr, "write").mockImplementation((part) => {
      text += String(part);
      return true;
    });
    expect(tellError(new SmkiError("BUNDLE_FILE_INVALID", details))).toBe(1);
    expect(text).not.toMatch(/[^\P{Cc}\n]/u);
    expect(text.trimEnd().split("\n")).toHaveLength(lines);
  });
});
