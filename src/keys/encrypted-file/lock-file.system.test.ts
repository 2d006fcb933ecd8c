import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { code } from "../testkit/signer-contract.ts";
import { breakIfGone, withLock } from "./lock-file.ts";
import { formatOwner, type LockOwner, parseOwner, thisProcess } from "./lock-owner.ts";

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "smki-lock-"));
  file = join(folder, "store");
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const heldBy = (owner: LockOwner): Promise<void> => symlink(formatOwner(owner), `${file}.lock`);
const tryLock = (): Promise<string> => withLock(file, () => Promise.resolve("done"), 200);

describe("the lock of a key file", () => {
  it("lets one in at a time and is gone afterwards, after a failure too", async () => {
    let inside = 0;
    const work = async (): Promise<number> => {
      inside += 1;
      const seen = inside;
      await new Promise((resolve) => setTimeout(resolve, 5));
      inside -= 1;
      return seen;
    };
    expect(await Promise.all([1, 2, 3, 4].map(() => withLock(file, work)))).toEqual([1, 1, 1, 1]);
    await expect(withLock(file, () => Promise.reject(new Error("full")))).rejects.toThrow("full");
    expect(await readdir(folder)).toEqual([]);
  });

  it("is broken when its owner's process has ended", async () => {
    await heldBy({ ...thisProcess(), pid: spawnSync(process.execPath, ["-e", ""]).pid });
    expect(await tryLock()).toBe("done");
    expect(await readdir(folder)).toEqual([]);
  });

  it.runIf(process.platform === "linux")("is broken when a later process has its owner's id", async () => {
    await heldBy({ ...thisProcess(), started: "1" });
    expect(await tryLock()).toBe("done");
  });

  it.runIf(process.platform === "linux")("is broken when the machine has started again since", async () => {
    const owner = thisProcess();
    await heldBy({ ...owner, scope: `another-boot,${owner.scope.split(",")[1] ?? ""}` });
    expect(await tryLock()).toBe("done");
  });

  it("is never broken while its owner runs; the refusal names the process", async () => {
    const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60000)"]);
    await once(child, "spawn");
    const pid = child.pid ?? 0;
    const started = await startOf(pid);
    await heldBy({ ...thisProcess(), pid, started });
    const error: unknown = await tryLock().catch((caught: unknown) => caught);
    child.kill("SIGKILL");
    expect(error).toEqual(code("KEY_STORE_LOCKED"));
    expect(error).toEqual(expect.objectContaining({ details: expect.objectContaining({ pid }) as unknown }));
  });

  it("is left alone by a process that read a dead one's name before another took the lock", async () => {
    const dead = formatOwner({ ...thisProcess(), pid: spawnSync(process.execPath, ["-e", ""]).pid });
    await heldBy(thisProcess());
    await breakIfGone(`${file}.lock`, dead);
    expect(await readdir(folder)).toEqual(["store.lock"]);
    // And while one process breaks it, another leaves it.
    await rm(`${file}.lock`);
    await symlink(dead, `${file}.lock`);
    await symlink("breaker", `${file}.lock.${parseOwner(dead)?.token ?? ""}`);
    expect(await breakIfGone(`${file}.lock`, dead)).toBe(false);
    await expect(tryLock()).rejects.toEqual(code("KEY_STORE_LOCKED"));
  });

  it("of another machine, of another container, or of no known form is never judged", async () => {
    const owner = thisProcess();
    const boot = owner.scope.split(",")[0] ?? "";
    for (const other of [{ host: "elsewhere" }, { scope: `${boot},pid:[1]`, pid: 999_999 }]) {
      await heldBy({ ...owner, ...other });
      await expect(tryLock()).rejects.toEqual(code("KEY_STORE_LOCKED"));
      await rm(`${file}.lock`);
    }
    await writeFile(`${file}.lock`, "");
    await expect(tryLock()).rejects.toEqual(code("KEY_STORE_LOCKED"));
  });

  it("names its owner in a form that is read back, and in no other", () => {
    const owner = thisProcess();
    expect(parseOwner(formatOwner(owner))).toEqual(owner);
    for (const text of [
      "",
      "a b 1 2",
      "a b 0 2 0123456789abcdef",
      "a b x 2 0123456789abcdef",
      "a b 1 2 ../../etc",
    ])
      expect(parseOwner(text)).toBeUndefined();
  });
});

async function startOf(pid: number): Promise<string> {
  if (process.platform !== "linux") return "-";
  return (await readFile(`/proc/${String(pid)}/stat`, "utf8")).split(") ")[1]?.split(" ")[19] ?? "-";
}
