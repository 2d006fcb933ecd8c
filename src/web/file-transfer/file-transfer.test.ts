import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { byteRange } from "./byte-range.ts";
import { canonicalPath, readVirtualPath } from "./virtual-path.ts";

describe("a path of the file transfer", () => {
  test.each([
    ["", { kind: "root" }],
    [".", { kind: "root" }],
    ["/", { kind: "root" }],
    ["/full-1/", { kind: "extract", extract: "full-1" }],
    ["full-1/./manifest.json", { kind: "file", extract: "full-1", file: "manifest.json" }],
    ["/../../etc/passwd", { kind: "file", extract: "etc", file: "passwd" }],
    ["/full-1/../delta-2", { kind: "extract", extract: "delta-2" }],
    ["/a/b/c", undefined],
    ["/a\0b", undefined],
    ["/ä", undefined],
    ["/".padEnd(2_000, "a"), undefined],
  ])("%j is %j", (path, expected) => {
    expect(readVirtualPath(path)).toEqual(expected);
  });

  test("has no part that leads anywhere else, whatever it is", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("..", ".", "/", "a", "//", "\\", "%2e")), (parts) => {
        const named = readVirtualPath(parts.join(""));
        const names = named === undefined || named.kind === "root" ? [] : [named.extract];
        if (named?.kind === "file") names.push(named.file);
        for (const name of names) expect(name === "." || name === ".." || name.includes("/")).toBe(false);
        expect(canonicalPath(canonicalPath(parts.join("")))).toBe(canonicalPath(parts.join("")));
      }),
    );
  });
});

describe("a range of a file of 10 octets", () => {
  test.each([
    ["bytes=0-3", { start: 0, end: 3 }],
    ["bytes=4-", { start: 4, end: 9 }],
    ["bytes=4-400", { start: 4, end: 9 }],
    ["bytes=-3", { start: 7, end: 9 }],
    ["bytes=-30", { start: 0, end: 9 }],
    ["bytes=10-", "unsatisfiable"],
    ["bytes=-0", "unsatisfiable"],
    ["bytes=3-2", undefined],
    ["bytes=0-1,3-4", undefined],
    ["bytes=-", undefined],
    ["lines=1-2", undefined],
    [undefined, undefined],
  ])("%j is %j", (header, expected) => {
    expect(byteRange(header, 10)).toEqual(expected);
  });

  test("lies within the file, whatever is asked", () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(200), fc.nat(100), (first, last, octets) => {
        const range = byteRange(`bytes=${String(first)}-${String(last)}`, octets);
        if (range === undefined || range === "unsatisfiable") return;
        expect(range.start).toBeLessThanOrEqual(range.end);
        expect(range.end).toBeLessThan(octets);
      }),
    );
  });
});
