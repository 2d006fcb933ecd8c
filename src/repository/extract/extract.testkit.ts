import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import type { TestEstate } from "../../authorities/ceremony/estate.testkit.ts";
import { copyLedger } from "../../ledger/copy/copy-ledger.ts";
import { databaseResources } from "../../ledger/copy/resources.ts";
import { formatVerifierKey } from "../../ledger/note.ts";
import { sequenceOnce } from "../../ledger/sequencer.ts";
import type { ExtractContext } from "./make-extract.ts";
import {
  fileNameOf,
  formatManifest,
  type Manifest,
  manifestName,
  parseManifest,
  type RowKind,
} from "./manifest.ts";
import { copyResources } from "./verification/ledger-leaves.ts";
import { type ExtractReport, verifyExtracts } from "./verification/verify-extract.ts";

/** Folders of a test; removed together. */
export function testFolders(): { make(): string; removeAll(): void } {
  const made: string[] = [];
  return {
    make: () => {
      const folder = mkdtempSync(join(tmpdir(), "extract-"));
      made.push(folder);
      return folder;
    },
    removeAll: () => {
      for (const folder of made) rmSync(folder, { recursive: true, force: true });
    },
  };
}

type Extracting = Pick<TestEstate, "database" | "connectionString" | "clock" | "ledger">;

export const contextOf = (estate: Extracting, folder: string): ExtractContext => ({
  database: estate.database,
  connectionString: estate.connectionString,
  clock: estate.clock.read,
  folder,
  quorum: 0,
  by: "test",
});

export const sequenceNow = ({ database, ledger, clock }: Extracting): Promise<unknown> =>
  sequenceOnce({ database, signer: ledger, clock: clock.read });

const keyOf = ({ ledger }: Extracting): string => formatVerifierKey(ledger.verifier);

/** What a third party does: copies the ledger as it is now, and judges the extracts by it. */
export async function judge(
  estate: Extracting,
  copy: string,
  folders: readonly string[],
): Promise<ExtractReport> {
  const verifierKey = keyOf(estate);
  const resources = databaseResources(estate.database, verifierKey, 0);
  await copyLedger({ folder: copy, resources, verifierKey });
  return verifyExtracts(folders, { verifierKey, ledger: copyResources(copy) });
}

/** The rows of a kind, without headings. */
export const rowsIn = (folder: string, rows: RowKind): string[] =>
  manifestIn(folder)
    .files.filter((file) => file.rows === rows)
    .flatMap(({ name }) =>
      zstdDecompressSync(readFileSync(join(folder, name)))
        .toString("latin1")
        .split("\n")
        .slice(1, -1),
    );

export const manifestIn = (folder: string): Manifest =>
  parseManifest(readFileSync(join(folder, manifestName), "utf8"));

export const writeManifest = (folder: string, manifest: Manifest): void => {
  writeFileSync(join(folder, manifestName), formatManifest(manifest));
};

/** Changes the rows of the first part of a kind as a forger would: with a manifest to match. */
export function forgeRows(folder: string, rows: RowKind, change: (rows: string[]) => string[]): void {
  const name = fileNameOf(rows, 1);
  const file = join(folder, name);
  const [headings = "", ...before] = zstdDecompressSync(readFileSync(file)).toString("latin1").split("\n");
  const changed = change(before.slice(0, -1));
  const octets = zstdCompressSync(Buffer.from([headings, ...changed, ""].join("\n"), "latin1"));
  writeFileSync(file, octets);
  const manifest = manifestIn(folder);
  const sha256 = createHash("sha256").update(octets).digest("hex");
  const files = manifest.files.map((one) =>
    one.name === name ? { ...one, count: changed.length, octets: octets.length, sha256 } : one,
  );
  writeManifest(folder, { ...manifest, files });
}
