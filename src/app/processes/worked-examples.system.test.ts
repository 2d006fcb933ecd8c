import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { credentialOf, enrolParties, foundedEstate, type UpService, up } from "./testkit/estates.ts";
import { cleanUp, temporaryFolder } from "./testkit/smki.ts";

const has = (command: string, ...words: string[]) => spawnSync(command, words).status === 0;
const hasProc = existsSync("/proc/self/environ");
const hasTools = has("bash", "-c", "true") && has("curl", "--version") && has("openssl", "version");
const page = resolve(import.meta.dirname, "../../../docs/interfaces.md");
const main = resolve(import.meta.dirname, "../main.ts");

/** A block of commands, and what the page says that it prints. */
interface Example {
  readonly heading: string;
  readonly commands: string;
  readonly prints: string;
}

/** The blocks under the heading "Worked examples", in their order. */
function examples(): Example[] {
  const [, section = ""] = readFileSync(page, "utf8").split("\n## Worked examples\n");
  return section.split(/^### /m).flatMap((part) => {
    const heading = part.split("\n", 1)[0] ?? "";
    const blocks = part.matchAll(/^```sh\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?/gms);
    return [...blocks].map(([, commands = "", prints = ""]) => ({ heading, commands, prints }));
  });
}

describe.skipIf(!hasProc || !hasTools)(
  "The worked examples of docs/interfaces.md [needs /proc] [needs openssl] [needs curl]",
  () => {
    let service: UpService;
    let folder: string;
    beforeAll(async () => {
      folder = temporaryFolder();
      service = await up(await foundedEstate(), { env: { SMKI_EST_ENABLED: "true" } });
      await enrolParties(service);
      const { cert, key } = credentialOf(service.data, "SMPM", "device");
      writeFileSync(join(folder, "officer.pem"), cert);
      writeFileSync(join(folder, "officer.key"), key, { mode: 0o600 });
      symlinkSync(service.data, join(folder, "estate"));
      const shim = `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`;
      writeFileSync(join(folder, "smki"), shim, { mode: 0o755 });
    }, 120_000);
    afterAll(async () => {
      service.interrupt();
      await service.ended;
      await cleanUp();
    });

    test("print what the page says, run one after the other", { timeout: 120_000 }, () => {
      const all = examples();
      expect(all.length).toBeGreaterThan(6);
      // One shell for all of them, as for who follows the page; a line of its own tells the blocks' answers apart.
      const script = all.map(({ commands }) => `${commands}echo "--- end of block"\n`).join("");
      const own = script.replace("service=https://127.0.0.1:8443", `service=${service.answer.url}`);
      expect(own).not.toBe(script);
      const { status, stdout, stderr } = spawnSync("bash", ["-euo", "pipefail", "-c", own], {
        cwd: folder,
        encoding: "utf8",
        env: { ...process.env, SMKI_REPOSITORY_SERVICE_PORT: "0" },
      });
      const printed = stdout
        .split("--- end of block\n")
        .map((text) => text.replace(/^Credential .*\n/gm, ""));
      for (const [index, { heading, prints }] of all.entries())
        expect(printed[index], `${heading}: ${stderr}`).toBe(prints);
      expect(status, stderr).toBe(0);
    });
  },
);
