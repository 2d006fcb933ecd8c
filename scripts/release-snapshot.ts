// Keeps the data of a release, so that every later release can be tested to start on it: a small test estate,
// founded and used by the software as it stands, with its keys. Run it once when a release is made:
//
//   node scripts/release-snapshot.ts
//
// It writes test-data/releases/VERSION.json.gz. The keys in it were made for it and guard nothing.

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { demonstrate } from "../src/app/demo/demo.ts";
import { type ReleaseSnapshot, takeTables } from "../src/app/estate/release-snapshot.testkit.ts";
import { software } from "../src/app/software.ts";
import { settingsOf } from "../src/app/verbs/estate-options.ts";
import { createOutput } from "../src/cli/output.ts";

const folder = mkdtempSync(join(tmpdir(), "smki-release-"));
try {
  const settings = settingsOf(
    { data: folder },
    { "web.port": 0, "repositoryService.port": 0, "issuingDca.stockSize": 3 },
  );
  const { service, problems } = await demonstrate(
    settings,
    { meters: 10, alterStoredByte: false },
    createOutput(),
  );
  if (problems.length > 0) throw new Error(problems.join("; "));
  const snapshot: ReleaseSnapshot = {
    version: software.version,
    tables: await takeTables(service.estate.database),
    files: {},
  };
  await service.stop();
  // After the stop, so that the signer's own checkpoint is the last one.
  const files = Object.fromEntries(
    ["keys", "secrets", "tls", ""].flatMap((part) =>
      readdirSync(join(folder, part))
        .map((name) => join(part, name))
        .filter((name) => statSync(join(folder, name)).isFile())
        .map((name) => [name, readFileSync(join(folder, name)).toString("base64")]),
    ),
  );
  const target = join(import.meta.dirname, "../test-data/releases", `${software.version}.json.gz`);
  writeFileSync(target, gzipSync(JSON.stringify({ ...snapshot, files }), { level: 9 }));
  process.stdout.write(`Wrote ${target}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
