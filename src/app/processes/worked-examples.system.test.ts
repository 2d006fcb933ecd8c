import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { enrolParties, foundedEstate, type UpService, up } from "./testkit/estates.ts";
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

const hasSftp = has("ssh", "-V");
const endOfBlock = "--- end of block\n";

/** What the blocks print, each; those of a tool that is not here are left out. */
const all = examples();
const needsSftp = ({ heading }: Example) => heading.endsWith("by SFTP");
const run = all.filter((example) => hasSftp || !needsSftp(example));

describe.skipIf(!hasProc || !hasTools)(
  "The worked examples of docs/interfaces.md [needs /proc] [needs openssl] [needs curl]",
  () => {
    let service: UpService;
    let printed: readonly string[];
    let ended: { readonly status: number | null; readonly stderr: string };
    beforeAll(async () => {
      const folder = temporaryFolder();
      service = await up(await foundedEstate(), {
        env: { SMKI_EST_ENABLED: "true", SMKI_EXTRACT_SFTP_PORT: "0" },
      });
      await enrolParties(service);
      symlinkSync(service.data, join(folder, "estate"));
      const shim = `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`;
      writeFileSync(join(folder, "smki"), shim, { mode: 0o755 });
      // One shell for all of them, as for who follows the page; a line of its own tells the blocks' answers apart.
      const script = run.map(({ commands }) => `${commands}printf '%s' '${endOfBlock}'\n`).join("");
      const { url, sftp } = service.answer;
      const own = script
        .replace("service=https://127.0.0.1:8443\n", `service=${url}\n`)
        .replace("transfer=2022 ", `transfer=${String(sftp?.port)} `);
      const { status, stdout, stderr } = spawnSync("bash", ["-euo", "pipefail", "-c", own], {
        cwd: folder,
        encoding: "utf8",
        timeout: 150_000,
        env: { ...process.env, SMKI_REPOSITORY_SERVICE_PORT: "0" },
      });
      printed = stdout.split(endOfBlock).map((text) => text.replace(/^Credential .*\n/gm, ""));
      ended = { status, stderr };
    }, 180_000);
    afterAll(async () => {
      service.interrupt();
      await service.ended;
      await cleanUp();
    });

    const headings = [...new Set(all.map(({ heading }) => heading))];
    const printsAsSaid = (heading: string) => {
      for (const [index, example] of run.entries())
        if (example.heading === heading) expect(printed[index], ended.stderr).toBe(example.prints);
    };
    test.each(headings.filter((heading) => !heading.endsWith("by SFTP")))(
      "%s: prints what the page says",
      printsAsSaid,
    );
    test.skipIf(!hasSftp)("Bulk files by SFTP: prints what the page says [needs sftp]", () => {
      printsAsSaid("Bulk files by SFTP");
    });
    test("none of them fails", () => {
      expect(run.length).toBeGreaterThan(16);
      expect(ended.status, ended.stderr).toBe(0);
    });
  },
);
