import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { writeOutputFile } from "./output-file.ts";

const folder = mkdtempSync(join(tmpdir(), "output-file-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test("an answer is written where it was asked for, or refused with the place and the reason", () => {
  writeOutputFile(join(folder, "answer"), "text\n");
  expect(readFileSync(join(folder, "answer"), "utf8")).toBe("text\n");
  for (const [file, reason] of [
    [folder, "EISDIR"],
    [join(folder, "none/answer"), "ENOENT"],
    [join(folder, "answer/below"), "ENOTDIR"],
  ] as const)
    expect(() => {
      writeOutputFile(file, "text\n");
    }).toThrow(expect.objectContaining({ code: "FILE_UNWRITABLE", details: { file, reason } }));
});
