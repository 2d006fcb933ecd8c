import { describe, expect, test } from "vitest";
import { formatManifest, type Manifest, parseManifest } from "./manifest.ts";
import { type ExtractRecord, outdated } from "./published.ts";
import { dueExtract } from "./schedule.ts";

const schedule = { every: { full: "weekly", delta: "daily" }, hour: 3, fullDay: "sunday" } as const;
// A Monday; in Great Britain winter, the clocks of UTC.
const monday = "2026-11-23";

function record(
  kind: "full" | "delta",
  madeAt: string,
  size = 10,
  fromSize = kind === "full" ? 0 : size,
): ExtractRecord {
  const manifest: Manifest = {
    format: "opensmki-extract",
    version: 1,
    name: `${kind}-${madeAt.slice(0, 10)}-${String(size).padStart(12, "0")}`,
    kind,
    madeAt: new Date(madeAt).toISOString(),
    kinds: ["authority", "device", "organisation"],
    fromSize,
    checkpoint: "",
    size,
    files: (["certificates", "revocations", "not-in-use", "lists"] as const).map((rows) => ({
      rows,
      name: `${rows}-0001.csv.zst`,
      count: 0,
      octets: 0,
      sha256: "0".repeat(64),
    })),
  };
  return { manifest, manifestText: formatManifest(manifest), madeAt: new Date(madeAt) };
}

describe("an extract is due", () => {
  const due = (records: readonly ExtractRecord[], now: string) =>
    dueExtract(records, schedule, new Date(now));
  const sunday = record("full", "2026-11-22T03:00:05Z");

  test("in full where there is none", () => {
    expect(due([], `${monday}T12:00:00Z`)).toBe("full");
  });
  test("as a delta each day, once, from its hour on", () => {
    expect(due([sunday], "2026-11-22T12:00:00Z")).toBeUndefined();
    expect(due([sunday], `${monday}T02:59:00Z`)).toBeUndefined();
    expect(due([sunday], `${monday}T03:00:00Z`)).toBe("delta");
    expect(due([sunday, record("delta", `${monday}T03:00:30Z`)], `${monday}T23:00:00Z`)).toBeUndefined();
  });
  test("in full once a week, and later where its day was missed", () => {
    const all = [sunday, record("delta", "2026-11-28T03:00:00Z")];
    expect(due(all, "2026-11-29T02:00:00Z")).toBeUndefined();
    expect(due(all, "2026-11-29T03:00:00Z")).toBe("full");
    expect(due(all, "2026-12-02T09:00:00Z")).toBe("full");
    expect(due([...all, record("full", "2026-12-02T09:00:00Z")], "2026-12-02T10:00:00Z")).toBeUndefined();
  });
  test("as often as the rule says", () => {
    const daily = { ...schedule, every: { full: "daily", delta: "daily" } } as const;
    expect(dueExtract([sunday], daily, new Date("2026-11-22T23:00:00Z"))).toBeUndefined();
    expect(dueExtract([sunday], daily, new Date(`${monday}T03:00:00Z`))).toBe("full");
  });
  test("by the clocks of Great Britain, in summer too", () => {
    const before = record("full", "2026-06-21T02:30:00Z");
    expect(due([before], "2026-06-22T01:59:00Z")).toBeUndefined();
    expect(due([before], "2026-06-22T02:00:00Z")).toBe("delta");
  });
});

test("Kept are the newest full extracts, and the deltas that lead on from the oldest of them", () => {
  const all = [
    record("full", "2026-11-01T03:00:00Z", 10),
    record("delta", "2026-11-02T03:00:00Z", 20),
    record("delta", "2026-11-08T03:00:00Z", 30),
    record("full", "2026-11-08T03:00:00Z", 30),
    record("delta", "2026-11-09T03:00:00Z", 40),
  ];
  const names = (some: readonly number[]) => some.map((index) => all[index]?.manifest.name);
  expect(outdated(all, 2)).toEqual([]);
  expect(outdated(all, 1)).toEqual(names([0, 1, 2]));
  expect(outdated(all.slice(0, 4), 1)).toEqual(names([0, 1]));
  expect(outdated([], 1)).toEqual([]);
});

describe("a manifest", () => {
  const { manifest } = record("delta", `${monday}T03:00:00Z`, 40, 30);
  const refused = { code: "EXTRACT_MANIFEST_MALFORMED" };

  test("is read as it was written", () => {
    expect(parseManifest(formatManifest(manifest))).toEqual(manifest);
  });
  test.each<readonly [string, object]>([
    ["of a newer form", { version: 2 }],
    ["with more in it", { more: true }],
    ["whose name names another size", { size: 41 }],
    ["whose name names another kind", { kind: "full", fromSize: 0 }],
    ["that ends before it begins", { fromSize: 41 }],
    [
      "with a file elsewhere",
      {
        files: manifest.files.with(0, { ...(manifest.files[0] as (typeof manifest.files)[0]), name: "../x" }),
      },
    ],
    ["with a kind too few", { files: manifest.files.slice(1) }],
    [
      "with a part left out",
      { files: [...manifest.files, { ...manifest.files[0], name: "certificates-0003.csv.zst" }] },
    ],
    ["with a part twice", { files: [...manifest.files, manifest.files[0]] }],
    ["with other kinds", { kinds: ["device"] }],
  ])("%s is refused", (_, change) => {
    expect(() => parseManifest(JSON.stringify({ ...manifest, ...change }))).toThrow(
      expect.objectContaining(refused),
    );
  });
  test("that is no JSON is refused", () => {
    expect(() => parseManifest("{")).toThrow(expect.objectContaining(refused));
  });
});
