import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isSmkiError } from "../../errors/smki-error.ts";
import { openCheckpoint } from "../checkpoint.ts";
import { openNote } from "../note.ts";
import { readCosignature } from "./cosignature.ts";
import { numberedLeaves, testKey, testLog } from "./witness.testkit.ts";
import { createWitness, openWitness, type Witness, type WitnessOptions } from "./witness.ts";
import { openWitnessedStore, originHash, type WitnessedStore } from "./witnessed-store.ts";

const log = testLog(numberedLeaves(300));
const fork = testLog([...numberedLeaves(100), ...numberedLeaves(200, "other")], log);
const key = testKey("witness.example/w1", "cosignature");
const now = new Date("2026-03-04T05:06:07Z");
const hash = originHash(log.verifier.name);
const code = (value: string): unknown => expect.objectContaining({ code: value });

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "witness-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const open = (changes: Partial<WitnessOptions> = {}): Promise<Witness> =>
  openWitness({ ...key, logs: [log.verifier], clock: () => now, ...changes }, folder);
const sizeKept = async (): Promise<number> => {
  const note = await (await open()).lastCheckpoint(hash);
  return note === undefined ? 0 : openCheckpoint(note, log.verifier).size;
};

describe("a witness", () => {
  test("cosigns a log as it grows, also after a restart, and keeps the last one with both signatures", async () => {
    await (await open()).addCheckpoint(await log.request(0, 7));
    const { line } = await (await open()).addCheckpoint(await log.request(7, 300));
    const { text } = { text: openNote(await log.note(300), [log.verifier]) };
    expect(readCosignature(text, line, key.verifier).at).toEqual(now);
    const kept = await (await open()).lastCheckpoint(hash);
    expect(kept).toBe((await log.note(300)) + line);
    expect(readdirSync(folder)).toEqual([hash]);
  });

  test("cosigns the same checkpoint again for a log that lost the answer, and nothing else of that size", async () => {
    const witness = await open();
    await witness.addCheckpoint(await log.request(0, 300));
    await expect(witness.addCheckpoint(await log.request(300, 300))).resolves.toMatchObject({ at: now });
    await expect(witness.addCheckpoint(await fork.request(300, 300))).rejects.toEqual(
      code("LEDGER_WITNESS_HISTORY_REFUSED"),
    );
  });

  test("does not state an earlier time for a larger tree when its clock is set back", async () => {
    await (await open()).addCheckpoint(await log.request(0, 7));
    const earlier = await open({ clock: () => new Date(now.getTime() - 60_000) });
    expect((await earlier.addCheckpoint(await log.request(7, 8))).at).toEqual(now);
  });

  test("that many ask at once advances one at a time, and never back", async () => {
    // Two, as if two processes had the same folder.
    const witnesses = [await open(), await open()];
    await witnesses[0]?.addCheckpoint(await log.request(0, 10));
    const asks = Array.from({ length: 24 }, async (_, index) =>
      witnesses[index % 2]?.addCheckpoint(await log.request(10, 11 + index * 7)),
    );
    const answers = await Promise.allSettled(asks);
    const cosigned = answers.filter(({ status }) => status === "fulfilled");
    expect(cosigned).toHaveLength(1);
    for (const answer of answers)
      if (answer.status === "rejected") expect(answer.reason).toEqual(code("LEDGER_WITNESS_SIZE_CONFLICT"));
    expect(await sizeKept()).toBeGreaterThan(10);
  });

  test.each(["", "not a note", "another witness's"])(
    "refuses to go on from a store that is damaged: %j",
    async (content) => {
      await (await open()).addCheckpoint(await log.request(0, 7));
      const other = testKey(key.verifier.name, "cosignature");
      if (content === "another witness's") {
        const elsewhere = mkdtempSync(join(tmpdir(), "witness-"));
        const itsStore = await openWitnessedStore(elsewhere);
        const stranger = createWitness({ ...other, logs: [log.verifier], clock: () => now, store: itsStore });
        await stranger.addCheckpoint(await log.request(0, 7));
        writeFileSync(join(folder, hash), (await itsStore.read(hash)) ?? "");
        rmSync(elsewhere, { recursive: true });
      } else writeFileSync(join(folder, hash), content);
      await expect((await open()).addCheckpoint(await log.request(0, 7))).rejects.toEqual(
        code("LEDGER_WITNESS_STORE_DAMAGED"),
      );
    },
  );

  test("refuses to go on from the file of another log", async () => {
    const second = testLog(numberedLeaves(9), testKey("log.example/two", "signature"));
    const logs = [log.verifier, second.verifier];
    await (await open({ logs })).addCheckpoint(await second.request(0, 9));
    const store = await openWitnessedStore(folder);
    await store.replace(hash, (await store.read(originHash("log.example/two"))) ?? "");
    await expect((await open({ logs })).addCheckpoint(await log.request(9, 20))).rejects.toEqual(
      code("LEDGER_WITNESS_STORE_DAMAGED"),
    );
  });
});

describe("a witness that fails", () => {
  const broken = new Error("broken");

  test.each(["checked", "cosigned", "kept"] as const)(
    "when it has %s has given nothing away that it does not know of afterwards",
    async (step) => {
      await (await open()).addCheckpoint(await log.request(0, 7));
      const failing = await open({
        afterStep: (reached) => {
          if (reached === step) throw broken;
        },
      });
      await expect(failing.addCheckpoint(await log.request(7, 200))).rejects.toBe(broken);
      const kept = await sizeKept();
      expect(kept).toBe(step === "kept" ? 200 : 7);
      await expectToGoOn(kept);
    },
  );

  test.each([
    ["and the file was replaced all the same", true],
    ["and the file was not replaced", false],
  ])("when its disk fails, %s, gives no cosignature", async (_, persisted) => {
    await (await open()).addCheckpoint(await log.request(0, 7));
    const store = await openWitnessedStore(folder);
    const faulty: WitnessedStore = {
      ...store,
      replace: async (name, note) => {
        if (persisted) await store.replace(name, note);
        throw broken;
      },
    };
    const failing = createWitness({ ...key, logs: [log.verifier], clock: () => now, store: faulty });
    await expect(failing.addCheckpoint(await log.request(7, 200))).rejects.toBe(broken);
    await expectToGoOn(persisted ? 200 : 7);
  });

  test("when its key does not sign keeps what it knew", async () => {
    await (await open()).addCheckpoint(await log.request(0, 7));
    const failing = await open({ sign: () => Promise.reject(broken) });
    await expect(failing.addCheckpoint(await log.request(7, 200))).rejects.toBe(broken);
    await expectToGoOn(7);
  });

  /** The log learns where it stands, and goes on from there; a fork of what was kept does not. */
  async function expectToGoOn(kept: number): Promise<void> {
    const witness = await open();
    await expect(witness.addCheckpoint(await log.request(1, 250))).rejects.toMatchObject({
      code: "LEDGER_WITNESS_SIZE_CONFLICT",
      details: { size: kept },
    });
    if (kept > 100)
      await expect(witness.addCheckpoint(await fork.request(kept, 250))).rejects.toEqual(
        code("LEDGER_WITNESS_HISTORY_REFUSED"),
      );
    await expect(witness.addCheckpoint(await log.request(kept, 250))).resolves.toBeDefined();
  }
});

test("a log of two histories gets cosignatures for one, whatever fails in whatever order", async () => {
  const one = testLog(numberedLeaves(40));
  const forked = testLog([...numberedLeaves(10), ...numberedLeaves(30, "other")], one);
  const ask = fc.record({
    size: fc.integer({ min: 1, max: 40 }),
    forked: fc.boolean(),
    failsAt: fc.constantFrom(undefined, "checked", "cosigned", "not kept", "kept", "kept all the same"),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(ask, { maxLength: 25 }), async (asks) => {
      const place = mkdtempSync(join(folder, "run-"));
      const store = await openWitnessedStore(place);
      const given: { size: number; forked: boolean }[] = [];
      for (const { size, forked: isForked, failsAt } of asks) {
        // Made anew for each request, as after a crash.
        const witness = createWitness({
          ...key,
          logs: [one.verifier],
          clock: () => now,
          store: {
            ...store,
            replace: async (name, note) => {
              if (failsAt === "not kept") throw new Error(failsAt);
              await store.replace(name, note);
              if (failsAt === "kept all the same") throw new Error(failsAt);
            },
          },
          afterStep: (step) => {
            if (step === failsAt) throw new Error(failsAt);
          },
        });
        const kept = await witness.lastCheckpoint(originHash(one.verifier.name));
        const known = kept === undefined ? 0 : openCheckpoint(kept, one.verifier).size;
        try {
          await witness.addCheckpoint(await (isForked ? forked : one).request(known, size));
          given.push({ size, forked: isForked });
        } catch (error) {
          if ((error as Error).message !== failsAt && !isSmkiError(error)) throw error;
        }
      }
      const sizes = given.map(({ size }) => size);
      expect(sizes).toEqual(sizes.toSorted((left, right) => left - right));
      expect(new Set(given.filter(({ size }) => size > 10).map((its) => its.forked)).size).toBeLessThan(2);
    }),
    { numRuns: 40 },
  );
});
