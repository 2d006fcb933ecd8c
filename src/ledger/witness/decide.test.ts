import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openNote, signNote } from "../note.ts";
import { leafHash } from "../tree/hash.ts";
import { formatAddCheckpoint, parseAddCheckpoint } from "./add-checkpoint.ts";
import { cosign } from "./cosignature.ts";
import { nothingWitnessed, openSubmission, requireNext, type Submission } from "./decide.ts";
import { numberedLeaves, type TestLog, testKey, testLog } from "./witness.testkit.ts";

const log = testLog(numberedLeaves(600));
const fork = testLog([...numberedLeaves(300), ...numberedLeaves(300, "other")], log);
const code = (value: string): unknown => expect.objectContaining({ code: value });

const submission = async (oldSize: number, size: number, of: TestLog = log): Promise<Submission> =>
  openSubmission(parseAddCheckpoint(await of.request(oldSize, size)), [log.verifier]);
const decide = async (known: number, oldSize: number, size: number, of: TestLog = log): Promise<void> => {
  const tree = known === 0 ? nothingWitnessed : await log.checkpoint(known);
  requireNext(tree, await submission(oldSize, size, of));
};

describe("who signed a checkpoint", () => {
  const open = async (note: string, keys = [log.verifier]) =>
    openSubmission({ oldSize: 0, proof: [], checkpoint: await Promise.resolve(note) }, keys);

  test("of an origin that the witness does not watch is no matter to it (404)", async () => {
    const other = testKey("log.example/two", "signature");
    await expect(open(await log.note(5), [other.verifier])).rejects.toEqual(
      code("LEDGER_WITNESS_LOG_UNKNOWN"),
    );
  });

  test("is refused when it is not the log (403)", async () => {
    const impostor = testLog(numberedLeaves(5), testKey(log.verifier.name, "signature"));
    await expect(open(await impostor.note(5))).rejects.toEqual(code("LEDGER_WITNESS_SIGNATURE_REFUSED"));
  });

  test("is refused when the log's signature fails, also beside one that holds (403)", async () => {
    const note = await log.note(5);
    const altered = note.replace(/.{6}\n$/, "AAAA==\n");
    const second = altered.slice(altered.lastIndexOf("—"));
    for (const bad of [altered, note + second])
      await expect(open(bad)).rejects.toEqual(code("LEDGER_WITNESS_SIGNATURE_REFUSED"));
  });

  test("may be an older key of the log, or a newer one, and others' signatures are left out", async () => {
    const newer = testKey(log.verifier.name, "signature");
    const note = await log.note(5);
    const { line } = await cosign("x\n", testKey("w", "cosignature").verifier, log.sign, new Date());
    const opened = await open(note + line, [newer.verifier, log.verifier]);
    expect(opened.note).toBe(note);
  });

  test("of a text that is no checkpoint is not asked (400)", async () => {
    const note = await signNote(`${log.verifier.name}\nfive\n`, log.verifier, log.sign);
    for (const bad of [note, "", "x\n\n— y z\n"])
      await expect(open(bad)).rejects.toEqual(code("LEDGER_WITNESS_REQUEST_MALFORMED"));
  });

  test("covers extension lines, which are cosigned with the text", async () => {
    const { origin, size, root } = await log.checkpoint(5);
    const text = `${origin}\n${String(size)}\n${root.toString("base64")}\nmore\n`;
    const opened = await open(await signNote(text, log.verifier, log.sign));
    expect(openNote(opened.note, [log.verifier])).toBe(text);
    expect(opened.text).toBe(text);
  });
});

describe("what extends the last checkpoint", () => {
  test.each([
    [0, 0],
    [0, 1],
    [0, 600],
    [1, 2],
    [255, 256],
    [256, 257],
    [300, 600],
    [600, 600],
  ])("is cosigned: from %i leaves to %i", async (oldSize, size) => {
    await expect(decide(oldSize, oldSize, size)).resolves.toBeUndefined();
  });

  test("begins at the size that the witness knows, which the refusal tells (409)", async () => {
    await expect(decide(300, 200, 600)).rejects.toMatchObject({
      code: "LEDGER_WITNESS_SIZE_CONFLICT",
      details: { size: 300 },
    });
    await expect(decide(300, 0, 200)).rejects.toEqual(code("LEDGER_WITNESS_SIZE_CONFLICT"));
  });

  test("is no smaller than where it begins (400)", async () => {
    await expect(decide(300, 300, 200)).rejects.toEqual(code("LEDGER_WITNESS_REQUEST_MALFORMED"));
  });

  test("has the same history (422)", async () => {
    await expect(decide(300, 300, 600, fork)).resolves.toBeUndefined();
    await expect(decide(301, 301, 600, fork)).rejects.toEqual(code("LEDGER_WITNESS_HISTORY_REFUSED"));
    await expect(decide(600, 600, 600, fork)).rejects.toEqual(code("LEDGER_WITNESS_HISTORY_REFUSED"));
  });

  test("of nothing has the root of nothing, and no proof (422)", async () => {
    const origin = log.verifier.name;
    const wrong = {
      ...(await submission(0, 0)),
      checkpoint: { origin, size: 0, root: leafHash(Buffer.of()) },
    };
    expect(() => {
      requireNext(nothingWitnessed, wrong);
    }).toThrow(code("LEDGER_WITNESS_HISTORY_REFUSED"));
    for (const size of [0, 5]) {
      const proven = { ...(await submission(0, size)), proof: [leafHash(Buffer.of())] };
      expect(() => {
        requireNext(nothingWitnessed, proven);
      }).toThrow(code("LEDGER_WITNESS_HISTORY_REFUSED"));
    }
  });

  test("is never a tree whose proof was altered, shortened or lengthened", async () => {
    const known = await log.checkpoint(77);
    const good = await submission(77, 555);
    const change = fc.record({
      hash: fc.nat(good.proof.length - 1),
      bit: fc.nat(255),
      how: fc.constantFrom("altered", "left out", "twice"),
    });
    fc.assert(
      fc.property(change, ({ hash, bit, how }) => {
        const proof = good.proof.map((octets) => Buffer.from(octets));
        const at = proof[hash] ?? Buffer.alloc(0);
        if (how === "altered") at[bit >> 3] = (at[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        else proof.splice(hash, how === "twice" ? 0 : 1, ...(how === "twice" ? [at] : []));
        expect(() => {
          requireNext(known, { ...good, proof });
        }).toThrow(code("LEDGER_WITNESS_HISTORY_REFUSED"));
      }),
    );
  });

  test("holds for whatever a log sends in whatever order: what was let pass is one history", async () => {
    const ask = fc.record({
      oldSize: fc.nat(40),
      size: fc.nat(40),
      forked: fc.boolean(),
      honest: fc.boolean(),
    });
    const short = testLog(numberedLeaves(40));
    const other = testLog([...numberedLeaves(20), ...numberedLeaves(20, "other")], short);
    await fc.assert(
      fc.asyncProperty(fc.array(ask, { maxLength: 30 }), async (asks) => {
        let known = nothingWitnessed;
        let isForked: boolean | undefined;
        for (const { oldSize, size, forked, honest } of asks) {
          const of = forked ? other : short;
          const body = await of.request(honest ? Math.min(known.size, size) : oldSize, size);
          try {
            const next = openSubmission(parseAddCheckpoint(body), [short.verifier]);
            requireNext(known, next);
            expect(next.checkpoint.size).toBeGreaterThanOrEqual(known.size);
            if (next.checkpoint.size > 20) expect(forked).toBe((isForked ??= forked));
            known = next.checkpoint;
          } catch (error) {
            if ((error as Error).name !== "SmkiError") throw error;
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});

test("a request written by a log is read as what it wrote", async () => {
  const body = await log.request(77, 555);
  expect(formatAddCheckpoint(parseAddCheckpoint(body))).toBe(body.toString());
});
