import { spawnSync } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readSecretFile } from "./secret-file.ts";
import { code } from "./testkit/signer-contract.ts";

let folder: string;
const unreadable = code("KEY_SECRET_FILE_UNREADABLE");

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "smki-secret-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function secret(content: string | Uint8Array, mode = 0o600): Promise<string> {
  const file = join(folder, "pin");
  await writeFile(file, content);
  await chmod(file, mode);
  return file;
}

describe("a passphrase or PIN is read", () => {
  it.each([
    ["without its line end", "73910284\n", "73910284"],
    ["without a line end of two octets", "73910284\r\n", "73910284"],
    ["without more than one line end", "73910284\n\n", "73910284\n"],
    ["with its spaces", " p w ", " p w "],
  ])("%s", async (_, content, expected) => {
    expect(await readSecretFile(await secret(content))).toBe(expected);
  });

  it.each([0o600, 0o400, 0o700])("from a file of mode %o", async (mode) => {
    expect(await readSecretFile(await secret("x", mode))).toBe("x");
  });

  it.each([0o640, 0o604, 0o620, 0o602, 0o601, 0o610, 0o666])("from no file of mode %o", async (mode) => {
    await expect(readSecretFile(await secret("x", mode))).rejects.toEqual(code("KEY_FILE_MODE_LOOSE"));
  });

  it("from no named pipe, which is refused at once", async () => {
    const pipe = join(folder, "pipe");
    spawnSync("sh", ["-c", 'mkfifo -m 600 "$0"', pipe]);
    await expect(readSecretFile(pipe)).rejects.toEqual(unreadable);
  });

  it("from no folder, no missing file, no large file and no file that is not UTF-8", async () => {
    await expect(readSecretFile(folder)).rejects.toEqual(unreadable);
    await expect(readSecretFile(join(folder, "none"))).rejects.toEqual(unreadable);
    await expect(readSecretFile(await secret("x".repeat(4097)))).rejects.toEqual(unreadable);
    await expect(readSecretFile(await secret(Uint8Array.of(0xff, 0xfe)))).rejects.toEqual(unreadable);
  });
});

describe("a credential of systemd is read", () => {
  it("from the folder that the service is given, also where an access control list shows as the group's bit", async () => {
    await secret("73910284\n", 0o440);
    expect(await readSecretFile("credential:pin", { CREDENTIALS_DIRECTORY: folder })).toBe("73910284");
  });

  it("not when others may read or any other may write it", async () => {
    for (const mode of [0o444, 0o460]) {
      await secret("x", mode);
      const reading = readSecretFile("credential:pin", { CREDENTIALS_DIRECTORY: folder });
      await expect(reading).rejects.toEqual(code("KEY_FILE_MODE_LOOSE"));
    }
  });

  it("not outside of that folder, and not where there is none", async () => {
    for (const name of ["../pin", "a/b", ".", "..", ""])
      await expect(readSecretFile(`credential:${name}`, { CREDENTIALS_DIRECTORY: folder })).rejects.toEqual(
        unreadable,
      );
    await expect(readSecretFile("credential:pin", {})).rejects.toEqual(unreadable);
  });
});
