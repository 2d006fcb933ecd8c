import { spawnSync } from "node:child_process";
import { chmod, readdir, readFile, rm, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createKeyStore, openSigner } from "../open.ts";
import { type FileStoreFixture, makeFileStore } from "../testkit/file-store.ts";
import { code } from "../testkit/signer-contract.ts";
import { startKeyMaker } from "../testkit/start-key-maker.ts";
import { formatOwner, thisProcess } from "./lock-owner.ts";

let store: FileStoreFixture;
let file: string;

beforeEach(async () => {
  store = await makeFileStore();
  file = store.settings.file;
});

afterEach(async () => {
  await store.remove();
});

async function labels(): Promise<string[]> {
  const signer = await openSigner(store.settings);
  const keys = await signer.listKeys();
  await signer.close();
  return keys.map((key) => key.label);
}

const named = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}/${String(index).padStart(4, "0")}`);

describe("an encrypted key file is refused", () => {
  it("with a wrong passphrase, which no error quotes", async () => {
    await writeFile(store.settings.passphraseFile, "a wrong passphrase of some length", { mode: 0o600 });
    const error: unknown = await openSigner(store.settings).catch((caught: unknown) => caught);
    expect(error).toEqual(code("KEY_STORE_PASSPHRASE_WRONG"));
    expect(String(error)).not.toContain("wrong passphrase of");
  });

  it.each(["", "\n", "short", "               x"])(
    "with the passphrase %j, at creation too",
    async (text) => {
      await writeFile(store.settings.passphraseFile, text, { mode: 0o600 });
      await expect(openSigner(store.settings)).rejects.toEqual(code("KEY_PASSPHRASE_TOO_SHORT"));
      const other = { ...store.settings, file: join(store.folder, "other.keys") };
      await expect(createKeyStore(other)).rejects.toEqual(code("KEY_PASSPHRASE_TOO_SHORT"));
      expect(await readdir(store.folder)).not.toContain("other.keys");
    },
  );

  it.each([0o640, 0o604, 0o620, 0o602, 0o610])("when its mode is %o", async (mode) => {
    await chmod(file, mode);
    await expect(openSigner(store.settings)).rejects.toEqual(code("KEY_FILE_MODE_LOOSE"));
  });

  it("when the mode of the passphrase file is loose", async () => {
    await chmod(store.settings.passphraseFile, 0o640);
    await expect(openSigner(store.settings)).rejects.toEqual(code("KEY_FILE_MODE_LOOSE"));
  });

  it("when it is empty, cut short or missing", async () => {
    await truncate(file, 200);
    await expect(openSigner(store.settings)).rejects.toEqual(code("KEY_STORE_DAMAGED"));
    await truncate(file, 0);
    await expect(openSigner(store.settings)).rejects.toEqual(code("KEY_STORE_DAMAGED"));
    await rm(file);
    await expect(openSigner(store.settings)).rejects.toEqual(code("KEY_STORE_NOT_FOUND"));
  });

  it("by a signer that had it open, once it is gone or another store stands in its place", async () => {
    const signer = await openSigner(store.settings);
    await signer.generateKey("k", "ed25519");
    await signer.sign("k", Buffer.alloc(1));
    await rm(file);
    await expect(signer.sign("k", Buffer.alloc(1))).rejects.toEqual(code("KEY_STORE_UNAVAILABLE"));
    await createKeyStore(store.settings);
    await expect(signer.sign("k", Buffer.alloc(1))).rejects.toEqual(code("KEY_STORE_UNAVAILABLE"));
    await expect(signer.generateKey("l", "ed25519")).rejects.toEqual(code("KEY_STORE_UNAVAILABLE"));
    expect(await labels()).toEqual([]);
  });
});

describe("an encrypted key file is written", () => {
  it("with mode 0600, and nothing is left beside it", async () => {
    const signer = await openSigner(store.settings);
    await signer.generateKey("k", "ed25519");
    await signer.close();
    expect((await readdir(store.folder)).sort()).toEqual(["operational.keys", "passphrase"]);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it("whole or not at all: a process killed at any moment loses no key that it was told of", async () => {
    const told: string[] = [];
    for (const [round, delay] of [3, 8, 15, 25, 40, 60].entries()) {
      const maker = await startKeyMaker(store.settings, named(`round-${String(round)}`, 500));
      maker.start();
      while (maker.lines.length < 2) await new Promise((resolve) => setTimeout(resolve, 2));
      await new Promise((resolve) => setTimeout(resolve, delay));
      maker.process.kill("SIGKILL");
      told.push(...(await maker.ended));
    }
    expect(told.length).toBeGreaterThanOrEqual(12);
    expect(await labels()).toEqual(expect.arrayContaining(told));
    // The next writer clears what the killed ones left: their locks and temporary files.
    const signer = await openSigner(store.settings);
    await signer.generateKey("last", "ed25519");
    await signer.close();
    expect((await readdir(store.folder)).sort()).toEqual(["operational.keys", "passphrase"]);
  });

  it("by two processes at once without losing a key of either", async () => {
    const makers = await Promise.all(
      ["a", "b"].map((prefix) => startKeyMaker(store.settings, named(prefix, 40))),
    );
    for (const maker of makers) maker.start();
    const told = (await Promise.all(makers.map((maker) => maker.ended))).flat();
    expect(told.sort()).toEqual([...named("a", 40), ...named("b", 40)]);
    expect(await labels()).toEqual(told);
  });

  it("by two processes with the same label: exactly one is told that it has the key", async () => {
    const makers = await Promise.all([1, 2].map(() => startKeyMaker(store.settings, named("same", 20))));
    for (const maker of makers) maker.start();
    const [one, other] = await Promise.all(makers.map((maker) => maker.ended));
    for (const [index, label] of named("same", 20).entries())
      expect([one?.[index], other?.[index]].sort()).toEqual(["KEY_LABEL_TAKEN", label].sort());
    expect(await labels()).toEqual(named("same", 20));
  });

  it("by two processes that both find the lock of a dead one", async () => {
    const dead = spawnSync(process.execPath, ["-e", ""]).pid;
    await symlink(formatOwner({ ...thisProcess(), pid: dead }), `${file}.lock`);
    const makers = await Promise.all(
      ["a", "b"].map((prefix) => startKeyMaker(store.settings, named(prefix, 5))),
    );
    for (const maker of makers) maker.start();
    await Promise.all(makers.map((maker) => maker.ended));
    expect(await labels()).toEqual([...named("a", 5), ...named("b", 5)]);
  });

  it("never on a full disk: the failure has a code, and what was there stays", async () => {
    const signer = await openSigner(store.settings);
    await signer.generateKey("before", "ed25519");
    await signer.close();
    const before = await readFile(file);
    // A process that may write files of no length at all meets EFBIG where a full disk gives ENOSPC.
    const task = JSON.stringify({ settings: store.settings, labels: ["after"] });
    const program = join(import.meta.dirname, "../testkit/key-maker-process.ts");
    const script = 'trap "" XFSZ; ulimit -f 0; exec "$0" "$1" "$2"';
    const outcome = spawnSync("sh", ["-c", script, process.execPath, program, task], { input: "go\n" });
    expect(outcome.stdout.toString()).toBe("ready\nKEY_STORE_WRITE_FAILED\n");
    expect(await readFile(file)).toEqual(before);
    expect((await readdir(store.folder)).sort()).toEqual(["operational.keys", "passphrase"]);
    expect(await labels()).toEqual(["before"]);
  });
});
