import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { isOpenToAll } from "./binaries.ts";
import { writeServerConfiguration } from "./cluster.ts";
import { renderUserMap } from "./cluster-settings.ts";
import { readPlainFile } from "./safe-files.ts";
import { announcementOf, cleanUp, closedFolder, clusterOf, start, startElsewhere } from "./testkit.ts";

const isRoot = process.getuid?.() === 0;
const stranger = 1;
const nobody = 65534;

afterEach(cleanUp);

function answerTo(uid: number, connectionString: string): string {
  const program = join(import.meta.dirname, "testkit", "client-process.ts");
  return spawnSync(process.execPath, [program, connectionString], {
    uid,
    gid: uid,
    cwd: "/",
    encoding: "utf8",
  }).stdout;
}

/** As if the modes of the folder and the socket held nobody back. */
function openSocket(connectionString: string): void {
  const folder = new URL(connectionString).searchParams.get("host") ?? "";
  chmodSync(folder, 0o755);
  chmodSync(join(folder, ".s.PGSQL.5432"), 0o777);
}

describe.skipIf(!isRoot || !isOpenToAll(import.meta.dirname))(
  "who may connect [needs root to become others, and a project folder open to all]",
  () => {
    test("is root and the user that owns the files, where root starts the server; nobody else, open as the socket be", async () => {
      const folder = join(closedFolder(), "data");
      const { connectionString } = await start(folder);
      expect(answerTo(0, connectionString)).toBe("let in");
      openSocket(connectionString);
      expect(answerTo(statSync(clusterOf(folder)).uid, connectionString)).toBe("let in");
      expect(answerTo(stranger, connectionString)).toBe("DATABASE_USER_REFUSED");
    });

    test("is the user that starts the server, where that is not root; not even root is let in", async () => {
      const top = closedFolder();
      chownSync(top, nobody, nobody);
      const { connectionString } = await announcementOf(startElsewhere(join(top, "data"), { uid: nobody }));
      expect(answerTo(nobody, connectionString)).toBe("let in");
      openSocket(connectionString);
      expect(answerTo(stranger, connectionString)).toBe("DATABASE_USER_REFUSED");
      expect(answerTo(0, connectionString)).toBe("DATABASE_USER_REFUSED");
    });
  },
);

test("no name of a user is a pattern or a second line of the map", () => {
  expect(renderUserMap(["root", "a b", "/.*", 'x" opensmki', "y\nz", ""], "opensmki")).toBe(
    'opensmki "root" opensmki\nopensmki "a b" opensmki\n',
  );
});

describe.skipIf(!isRoot)("the owner of the cluster's files [needs root]", () => {
  test("cannot have a file of root's by putting a link in the place of one that root is about to give away", async () => {
    const top = closedFolder();
    const cluster = join(top, "cluster");
    const victim = join(top, "victim");
    writeFileSync(victim, "root's", { mode: 0o600 });
    mkdirSync(cluster);
    chmodSync(top, 0o755);
    chownSync(cluster, nobody, nobody);
    const attack = `const fs = require("node:fs");
      for (const end = Date.now() + 4000; Date.now() < end; )
        for (const name of ["pg_hba.conf", "postgresql.conf"])
          try { fs.symlinkSync("${victim}", name + ".link"); fs.renameSync(name + ".link", name + ".new"); } catch {}`;
    const attacker = spawn(process.execPath, ["-e", attack], { cwd: cluster, uid: nobody, gid: nobody });
    const over = new Promise((resolve) => attacker.once("exit", resolve));
    while (attacker.exitCode === null) {
      // So that both are written anew.
      for (const name of ["pg_hba.conf", "postgresql.conf"]) rmSync(join(cluster, name), { force: true });
      try {
        writeServerConfiguration(cluster, { uid: nobody, gid: nobody });
      } catch {
        // To be kept from starting is what the owner of the files can always bring about.
      }
      await new Promise(setImmediate);
    }
    await over;
    expect(statSync(victim).uid).toBe(0);
    expect(readFileSync(victim, "utf8")).toBe("root's");
  });
});

test("a link or a pipe in the place of a file is not read", () => {
  const folder = closedFolder();
  writeFileSync(join(folder, "file"), "text");
  symlinkSync("file", join(folder, "link"));
  spawnSync("mkfifo", [join(folder, "pipe")]);
  expect(["file", "link", "pipe", "none"].map((name) => readPlainFile(join(folder, name)))).toEqual([
    "text",
    undefined,
    undefined,
    undefined,
  ]);
});
