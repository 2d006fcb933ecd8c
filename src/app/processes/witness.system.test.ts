import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { openCheckpoint } from "../../ledger/checkpoint.ts";
import { formatVerifierKey, openNote, parseNote, parseVerifierKey } from "../../ledger/note.ts";
import { numberedLeaves, testLog } from "../../ledger/witness/witness.testkit.ts";
import { foundedEstate, up } from "./testkit/estates.ts";
import { cleanUp, type Running, smki, startSmki, temporaryFolder, until } from "./testkit/smki.ts";

const hasProc = existsSync("/proc/self/environ");
const log = testLog(numberedLeaves(300));
const logKey = formatVerifierKey(log.verifier);

afterAll(cleanUp);

interface Told {
  readonly url: string;
  readonly verifierKey: string;
}

/** `smki witness` at work on a log's verifier key file. */
async function startOn(
  keyFile: string,
  folder: string,
  ...words: string[]
): Promise<Told & { run: Running }> {
  const run = startSmki(["witness", "--log", keyFile, "--data", folder, "--port", "0", "--json", ...words]);
  const told = await until(() =>
    run.stdout().endsWith("}\n") ? (JSON.parse(run.stdout()) as Told) : undefined,
  );
  return { ...told, run };
}
const start = (folder: string, ...words: string[]) => {
  const keyFile = `${folder}.log-key`;
  writeFileSync(keyFile, `${logKey}\n`);
  return startOn(keyFile, folder, ...words);
};
async function stop(run: Running): Promise<number | null> {
  run.kill("SIGTERM");
  return (await run.ended).status;
}
const ask = async (url: string, oldSize: number, size: number) => {
  const body = new Uint8Array(await log.request(oldSize, size));
  const answer = await fetch(new URL("add-checkpoint", url), { method: "POST", body });
  return { status: answer.status, text: await answer.text() };
};

describe("smki witness", () => {
  test("makes its key at the first start, keeps it to itself, and goes on with it after each stop", async () => {
    const folder = join(temporaryFolder(), "witness");
    const first = await start(folder, "--name", "witness.example/w1");
    const verifier = parseVerifierKey(first.verifierKey);
    expect(verifier).toMatchObject({ name: "witness.example/w1", kind: "cosignature" });
    expect((await ask(first.url, 0, 20)).status).toBe(200);
    expect(await stop(first.run)).toBe(0);

    const second = await start(folder);
    expect(second.verifierKey).toBe(first.verifierKey);
    const { status, text } = await ask(second.url, 20, 300);
    expect(status).toBe(200);
    expect(openNote((await log.note(300)) + text, [verifier])).toContain("\n300\n");
    expect(await stop(second.run)).toBe(0);
    for (const name of ["passphrase", "witness.keys"])
      expect(statSync(join(folder, name)).mode & 0o077, name).toBe(0);
    expect(statSync(folder).mode & 0o077).toBe(0);
  });

  test("does not go on under another name, nor with another key than its folder tells", async () => {
    const folder = join(temporaryFolder(), "witness");
    const { run, verifierKey } = await start(folder);
    await stop(run);
    const words = ["witness", "--log", join(folder, "verifier-key.txt"), "--data", folder, "--port", "0"];
    const renamed = await smki([...words, "--name", "witness.example/other"]);
    expect(renamed.status).toBe(1);
    expect(renamed.stderr).toContain("LEDGER_WITNESS_KEY_CHANGED");

    const other = join(temporaryFolder(), "witness");
    await stop((await start(other)).run);
    writeFileSync(join(folder, "verifier-key.txt"), readFileSync(join(other, "verifier-key.txt")));
    const changed = await smki(words);
    expect(changed.stderr).toContain("LEDGER_WITNESS_KEY_CHANGED");
    expect(readFileSync(join(other, "verifier-key.txt"), "utf8")).not.toContain(verifierKey);
  });

  test.each(["verifier-key.txt", "witness.keys"])(
    "whose first start was cut short before %s goes on with what there is",
    async (missing) => {
      const folder = join(temporaryFolder(), "witness");
      const { run } = await start(folder);
      await stop(run);
      rmSync(join(folder, "verifier-key.txt"));
      rmSync(join(folder, missing), { force: true });
      const again = await start(folder);
      expect((await ask(again.url, 0, 20)).status).toBe(200);
      await stop(again.run);
    },
  );

  test.each([
    ["checked", 20],
    ["cosigned", 20],
    ["kept", 250],
  ])("killed with SIGKILL when it has %s goes on from %i leaves", async (step, kept) => {
    const folder = join(temporaryFolder(), "witness");
    const before = await start(folder);
    expect((await ask(before.url, 0, 20)).status).toBe(200);
    await stop(before.run);

    const script = join(import.meta.dirname, "testkit/killed-witness-process.ts");
    const { NODE_OPTIONS: _, ...env } = process.env;
    const doomed = spawn(process.execPath, [script, folder, logKey, step], { env });
    const [told] = (await once(doomed.stdout, "data")) as [Buffer];
    const ended = once(doomed, "exit");
    await expect(ask(told.toString().trim(), 20, 250)).rejects.toThrow("fetch failed");
    expect(await ended).toEqual([null, "SIGKILL"]);

    const after = await start(folder);
    expect(after.verifierKey).toBe(before.verifierKey);
    expect(await ask(after.url, 19, 300)).toEqual({ status: 409, text: `${String(kept)}\n` });
    // What the log would ask: the same once more, or from where the witness stands.
    expect((await ask(after.url, kept, 250)).status).toBe(200);
    expect((await ask(after.url, 250, 300)).status).toBe(200);
    await stop(after.run);
  });
});

describe.skipIf(!hasProc)("A service whose settings name two witnesses [needs /proc]", () => {
  test("shows what both have cosigned, and tells of one that is away", async () => {
    const data = await foundedEstate();
    const keyFile = join(data, "ledger-verifier-key.txt");
    const [one, two] = [
      await startOn(keyFile, join(temporaryFolder(), "witness")),
      await startOn(keyFile, join(temporaryFolder(), "witness")),
    ];
    const env = {
      SMKI_LEDGER_WITNESSES: [one, two].map(({ verifierKey, url }) => `${verifierKey} ${url}`).join(","),
      SMKI_LEDGER_QUORUM: "2",
    };
    const service = await up(data, { env });
    interface Standing {
      readonly witnesses: readonly { size: number; behind: number; failure?: { code: string } }[];
    }
    const standing = async () => {
      const { stdout } = await smki(["ledger", "witnesses", "--data", data, "--json"], { env });
      return (JSON.parse(stdout) as Standing).witnesses;
    };
    await until(async () => {
      const witnesses = await standing();
      return witnesses.every(({ size, behind }) => size > 0 && behind === 0) ? true : undefined;
    });
    const { stdout } = await smki(["ledger", "checkpoint", "--data", data], { env });
    const note = `${stdout.trimEnd()}\n`;
    expect(parseNote(note).signatures).toHaveLength(3);
    const keys = [one.verifierKey, two.verifierKey].map(parseVerifierKey);
    expect(openNote(note, keys)).toContain("\n");
    const verifier = parseVerifierKey(readFileSync(keyFile, "utf8"));
    expect(openCheckpoint(note, verifier).size).toBeGreaterThan(0);

    await stop(two.run);
    const enrolled = await smki(["party", "add", "Sample Ltd", "--category", "other-user", "--data", data], {
      env,
    });
    expect(enrolled.stderr).toBe("");
    const [, away] = await until(async () => {
      const witnesses = await standing();
      return witnesses[1]?.failure === undefined ? undefined : witnesses;
    });
    expect(away?.failure?.code).toBe("LEDGER_WITNESS_UNREACHABLE");
    const status = await smki(["status", "--data", data], { env });
    expect(status.stderr).toContain("gives no cosignature");
    const text = await smki(["ledger", "witnesses", "--data", data], { env });
    expect(text.stdout).toContain("The witness does not answer");
    service.interrupt();
    await service.ended;
    await stop(one.run);
  });
});
