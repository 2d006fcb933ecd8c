import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Manifest, readManifest } from "./manifest.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "smki-manifest-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const digest = "0".repeat(64);
const file = (path: string) => ({ path, octets: 1, sha256: digest });
const manifest: Manifest = {
  format: "opensmki-backup",
  version: 1,
  takenAt: "2026-06-01T12:00:00.000Z",
  software: "opensmki",
  environment: "test",
  edition: "response",
  server: "18",
  migrations: [{ number: 1, name: "0001-estate.sql", sha256: digest }],
  ledger: { verifierKey: "a+b+c", size: 0, root: digest, checkpoint: "", open: 0 },
  tables: [{ name: "party", columns: ["id"], rows: 0, file: file("tables/party.copy.zst") }],
  identities: [],
  keyStores: [],
  files: [file("files/estate-id.txt")],
  notHeld: [],
};
const read = (value: unknown) => {
  writeFileSync(join(folder, "manifest.json"), JSON.stringify(value));
  return readManifest(folder);
};

test("A manifest is read as it was written, and named by the digest of its octets", () => {
  const { manifest: again, sha256 } = read(manifest);
  expect(again).toEqual(manifest);
  expect(sha256).toMatch(/^[0-9a-f]{64}$/);
});

test.each(["/etc/passwd", "../outside", "files/../../outside", "files/..", ".", "files\\..\\x", "a\nb", ""])(
  "A file that would lie at %j leads out of the back-up and is refused",
  (path) => {
    expect(() => read({ ...manifest, files: [file(path)] })).toThrow(
      expect.objectContaining({ code: "BACKUP_UNREADABLE" }) as Error,
    );
  },
);

test("A name that only looks like a way out is none", () => {
  const files = ["files/..hidden", "files/a..b", "files/.x"].map(file);
  expect(read({ ...manifest, files }).manifest.files).toEqual(files);
});

test("A back-up of a later form is told from a damaged one", () => {
  expect(() => read({ ...manifest, version: 2 })).toThrow(
    expect.objectContaining({ code: "BACKUP_NEWER" }) as Error,
  );
  expect(() => read({ ...manifest, tables: "none" })).toThrow(
    expect.objectContaining({ code: "BACKUP_UNREADABLE" }) as Error,
  );
});
