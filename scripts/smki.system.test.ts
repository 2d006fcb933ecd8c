import { spawn } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

// The script `smki` in a clone of its own. npm is a stand-in that installs nothing but Node, so that what is
// tested is when the script calls it; `.ci/run` starts smki with the real npm, with and without a compiler.

let folder: string;
let clone: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "smki-script-"));
  clone = join(folder, "a clone"); // a folder's name may hold a space
  cpSync(join(import.meta.dirname, "../smki"), join(clone, "smki"));
  write(join(clone, "package-lock.json"), "{}");
  write(join(clone, "src/app/main.ts"), "console.log(JSON.stringify(process.argv.slice(2)));");
  installer(`ln -s ${process.execPath} node_modules/.bin/node`);
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(path: string, content: string): void {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, `${content}\n`);
}

/** Puts an npm on the PATH that leaves a trace of each call and then does as told. */
function installer(commands: string): void {
  const script = `#!/bin/sh
echo "$@" >> "${folder}/calls"
sleep 0.3
rm -rf node_modules && mkdir -p node_modules/.bin && echo {} > node_modules/.package-lock.json
${commands}`;
  write(join(folder, "bin/npm"), script);
  chmodSync(join(folder, "bin/npm"), 0o755);
}

function installs(): number {
  return readFileSync(join(folder, "calls"), "utf8").trim().split("\n").length;
}

async function smki(args: readonly string[], script = join(clone, "smki")) {
  const home = join(folder, "home");
  mkdirSync(home, { recursive: true });
  const env = { PATH: `${join(folder, "bin")}:/usr/bin:/bin`, HOME: home };
  const child = spawn(script, args, { cwd: "/", env, stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  const [answer, errors, status] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { answer, errors, status };
}

describe("the script smki", () => {
  test("installs at the first use, tells so beside the answer, and hands the arguments on", async () => {
    const first = await smki(["config", "a b", "--json"]);
    expect(first).toMatchObject({ status: 0, answer: '["config","a b","--json"]\n' });
    expect(first.errors).toContain("installing packages");
    expect(await smki(["up"])).toEqual({ status: 0, answer: '["up"]\n', errors: "" });
    expect(installs()).toBe(1);
  });

  test("installs again when the lock file changed", async () => {
    await smki([]);
    write(join(clone, "package-lock.json"), '{ "changed": true }');
    await smki([]);
    expect(installs()).toBe(2);
  });

  test("works through a chain of symlinks from another folder", async () => {
    symlinkSync("a clone/smki", join(folder, "link"));
    symlinkSync(join(folder, "link"), join(folder, "link2"));
    expect((await smki(["up"], join(folder, "link2"))).answer).toBe('["up"]\n');
  });

  test("two first starts at once install once", async () => {
    const both = await Promise.all([smki(["up"]), smki(["up"])]);
    expect(both.map(({ status, answer }) => [status, answer])).toEqual([
      [0, '["up"]\n'],
      [0, '["up"]\n'],
    ]);
    expect(installs()).toBe(1);
  });

  test("an install whose owner was killed holds nobody up", async () => {
    write(join(clone, ".cache/install.lock/pid"), "4194399"); // above every process id of Linux
    expect((await smki(["up"])).status).toBe(0);
  });

  test("a failed install is told, and tried again at the next start", async () => {
    installer("echo 'npm error code ENOTFOUND' >&2; exit 1");
    const failed = await smki(["up"]);
    expect(failed.status).toBe(1);
    expect(failed.errors).toMatch(/ENOTFOUND[^]*npm ci failed/);
    installer(`ln -s ${process.execPath} node_modules/.bin/node`);
    expect((await smki(["up"])).status).toBe(0);
  });

  test("says what to do where no Node runs that is new enough", async () => {
    const old = "printf '#!/bin/sh\\nexit 1\\n'";
    installer(`${old} > node_modules/.bin/node; chmod +x node_modules/.bin/node`);
    write(join(folder, "bin/node"), "#!/bin/sh\necho false");
    chmodSync(join(folder, "bin/node"), 0o755);
    const { status, errors } = await smki(["up"]);
    expect(status).toBe(1);
    expect(errors).toContain("install Node.js 24 or newer");
  });

  test("takes the machine's own Node where the bundled one does not run and it is new enough", async () => {
    installer("printf '#!/bin/sh\\nexit 1\\n' > node_modules/.bin/node; chmod +x node_modules/.bin/node");
    symlinkSync(process.execPath, join(folder, "bin/node"));
    expect((await smki(["up"])).answer).toBe('["up"]\n');
  });
});
