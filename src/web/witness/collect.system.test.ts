import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openCheckpoint, parseCheckpoint } from "../../ledger/checkpoint.ts";
import { createCheckpointSigner } from "../../ledger/checkpoint-signer.ts";
import { openNote, parseNote } from "../../ledger/note.ts";
import { type TestLedger, testActs, testLedger, testOrigin } from "../../ledger/testkit.ts";
import { parseAddCheckpoint } from "../../ledger/witness/add-checkpoint.ts";
import { collectCosignatures } from "../../ledger/witness/collect.ts";
import { cosign } from "../../ledger/witness/cosignature.ts";
import { cosignedCheckpoint } from "../../ledger/witness/cosigned-checkpoint.ts";
import { witnessStanding } from "../../ledger/witness/standing.ts";
import { testKey } from "../../ledger/witness/witness.testkit.ts";
import type { ConfiguredWitness } from "../../ledger/witness/witness-client.ts";
import {
  type Lie,
  passOn,
  runLyingWitness,
  runTestWitness,
  type TestWitness,
} from "./witness-server.testkit.ts";

let ledger: TestLedger;
let running: TestWitness[];
let collecting: { stop: () => Promise<void> }[];
beforeEach(async () => {
  ledger = await testLedger();
  running = [];
  collecting = [];
});
afterEach(async () => {
  for (const collector of collecting) await collector.stop();
  await Promise.all(running.map((witness) => witness.stop()));
  await ledger.drop();
});

const witness = async (name: string): Promise<TestWitness> => {
  const started = await runTestWitness(name, ledger.signer.verifier);
  running.push(started);
  return started;
};
const liar = async (name: string, answer: Lie): Promise<TestWitness> => {
  const started = await runLyingWitness(name, answer);
  running.push(started);
  return started;
};

/** The checkpoint's text in the body of a request. */
function textIn(body: Buffer): string {
  return parseNote(parseAddCheckpoint(body).checkpoint).text;
}

/** The web process's collector, as many as wanted. */
function collect(witnesses: readonly ConfiguredWitness[]): { stop: () => Promise<void> } {
  const stopping = new AbortController();
  const { database } = ledger;
  const options = { database, witnesses, clock: () => new Date(), timeoutMs: 1_000, intervalMs: 20 };
  const done = collectCosignatures({ ...options, abortSignal: stopping.signal });
  const collector = {
    stop: async () => {
      stopping.abort();
      await done;
    },
  };
  collecting.push(collector);
  return collector;
}

let acts = 0;
/** The ledger grows by some leaves. @returns its size */
async function grow(by: number): Promise<number> {
  await ledger.record(testActs(by, (acts += by)));
  return (await ledger.sequence()).checkpoint.size;
}
const shown = async (quorum = 0) => ledger.database.read((tx) => cosignedCheckpoint(tx, quorum));
const standing = async (of: ConfiguredWitness) => {
  const [its] = await ledger.database.read((tx) => witnessStanding(tx, [of.verifier]));
  return its;
};
/** How far the witness has come, and its failure's code, when they have become so. */
const expectStanding = async (of: ConfiguredWitness, size: number, failure?: string): Promise<void> => {
  await expect
    .poll(
      async () => {
        const its = await standing(of);
        return { size: its?.size, failure: its?.failure?.code };
      },
      { timeout: 20_000 },
    )
    .toEqual({ size, failure });
};

describe("a ledger with two witnesses", () => {
  test("shows its newest checkpoint with the cosignatures of both", async () => {
    const [one, two] = [await witness("witness.example/1"), await witness("witness.example/2")];
    await grow(300);
    collect([one, two]);
    await expectStanding(one, 300);
    await expectStanding(two, 300);
    const size = await grow(45);
    await expectStanding(one, size);
    await expectStanding(two, size);
    const checkpoint = await shown(2);
    expect(checkpoint?.size).toBe(345);
    const text = openNote(checkpoint?.note ?? "", [ledger.signer.verifier, one.verifier, two.verifier]);
    expect(parseCheckpoint(text)).toMatchObject({ origin: testOrigin, size: 345 });
    expect(parseNote(checkpoint?.note ?? "").signatures).toHaveLength(3);
    // Who knows no witness opens it as ever.
    expect(openCheckpoint(checkpoint?.note ?? "", ledger.signer.verifier).size).toBe(345);
  });

  test("shows, where two must cosign, the newest that both have", async () => {
    const [one, two] = [await witness("witness.example/1"), await witness("witness.example/2")];
    expect(await shown()).toBeUndefined();
    await grow(10);
    expect((await shown())?.size).toBe(10);
    expect(await shown(1)).toBeUndefined();
    const both = collect([one, two]);
    await expectStanding(one, 10);
    await expectStanding(two, 10);
    await both.stop();
    collect([one]);
    await grow(10);
    await expectStanding(one, 20);
    expect((await shown(2))?.size).toBe(10);
    expect((await shown(1))?.size).toBe(20);
    expect((await shown(0))?.size).toBe(20);
  });

  test("asks slow witnesses of different speed about the same checkpoints while it grows without a pause", async () => {
    const slow = async (name: string, delay: number): Promise<ConfiguredWitness> => {
      const { verifier, url } = await witness(name);
      const delayed = await liar(name, async (body, response) => {
        await sleep(delay);
        await passOn(body, response, url);
      });
      return { verifier, url: delayed.url };
    };
    const collector = collect([await slow("witness.example/1", 70), await slow("witness.example/2", 150)]);
    const enough = new AbortController();
    const growing = (async () => {
      while (!enough.signal.aborted) await grow(3);
    })();
    for (let times = 0, size = 0; times < 4; times += 1) {
      await expect.poll(async () => (await shown(2))?.size ?? 0, { timeout: 20_000 }).toBeGreaterThan(size);
      size = (await shown(2))?.size ?? 0;
    }
    enough.abort();
    await growing;
    await collector.stop();
    const { rows } = await ledger.database.read((tx) =>
      sql<{ size: number }>`
        select size from ledger_cosignature as one where witness = 'witness.example/2' and not exists (
          select from ledger_cosignature where size = one.size and witness = 'witness.example/1')`.execute(
        tx,
      ),
    );
    expect(rows).toEqual([]);
  });

  test("asks each witness once, however many processes collect, and goes on when one ends", async () => {
    const seen: string[] = [];
    const one = await witness("witness.example/1");
    const counting = await liar("witness.example/1", async (body, response) => {
      seen.push(textIn(body));
      await passOn(body, response, one.url);
    });
    const asked = { verifier: one.verifier, url: counting.url };
    const collectors = [collect([asked]), collect([asked]), collect([asked])];
    for (const collector of collectors) {
      const size = await grow(5);
      await expectStanding(asked, size);
      await collector.stop();
    }
    // Whoever is elected asks once anew; were all three asking, each checkpoint would come from each.
    expect(seen.length - new Set(seen).size).toBeLessThanOrEqual(collectors.length - 1);
  });

  test("learns from a witness that knows more than it remembers where to begin", async () => {
    const one = await witness("witness.example/1");
    await grow(20);
    const first = collect([one]);
    await expectStanding(one, 20);
    await first.stop();
    await ledger.tamper("truncate ledger_cosignature");
    await grow(1);
    collect([one]);
    await expectStanding(one, 21);
  });
});

describe("a witness that", () => {
  const hang: Lie = (_, response) => {
    response.writeHead(200);
    response.write("— ");
  };
  const flood: Lie = (_, response) => {
    response.writeHead(200);
    const line = "— witness.example/liar AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n".repeat(1_000);
    const send = () => {
      while (!response.destroyed && response.write(line));
    };
    response.on("drain", send);
    send();
  };
  const say =
    (status: number, body: string): Lie =>
    (_, response) => {
      response.writeHead(status).end(body);
    };

  test.each([
    ["hangs", "LEDGER_WITNESS_UNREACHABLE", hang],
    ["talks garbage", "LEDGER_WITNESS_ANSWER_INVALID", say(200, "\u0000\u0001")],
    ["says nothing", "LEDGER_WITNESS_ANSWER_INVALID", say(200, "")],
    ["gives others' lines", "LEDGER_WITNESS_ANSWER_INVALID", say(200, "— x.example AAAAAAAAAAAA\n")],
    ["tells a wild size", "LEDGER_WITNESS_AHEAD", say(409, "9007199254740991\n")],
    ["tells no size", "LEDGER_WITNESS_ANSWER_INVALID", say(409, "-1\n")],
    ["conflicts with what it is told", "LEDGER_WITNESS_SEES_FORK", say(409, "0\n")],
    ["does not know us", "LEDGER_WITNESS_REFUSES", say(404, "")],
    [
      "sends us elsewhere",
      "LEDGER_WITNESS_REFUSES",
      (_: unknown, response: Parameters<Lie>[1]) => {
        response.writeHead(302, { location: "http://127.0.0.1:1/" }).end();
      },
    ],
    ["fails", "LEDGER_WITNESS_UNREACHABLE", say(500, "")],
  ])("%s changes nothing, and the other one goes on", async (_, failure, answer) => {
    const bad = await liar("witness.example/liar", answer);
    const good = await witness("witness.example/good");
    await grow(7);
    collect([bad, good]);
    await expectStanding(good, 7);
    await expectStanding(bad, 0, failure);
    const size = await grow(7);
    await expectStanding(good, size);
    const note = (await shown())?.note ?? "";
    expect(parseNote(note).signatures.map(({ name }) => name)).toEqual([testOrigin, "witness.example/good"]);
  });

  test("floods is cut off, not waited for", async () => {
    const bad = await liar("witness.example/liar", (_, response) => {
      flood(Buffer.alloc(0), response);
    });
    await grow(7);
    collect([bad]);
    await expectStanding(bad, 0, "LEDGER_WITNESS_UNREACHABLE");
    expect((await standing(bad))?.failure?.message).toContain("too long");
  });

  test.each([
    ["cosigns with another key", (text: string) => text],
    ["cosigns another size", (text: string) => text.replace("\n7\n", "\n8\n")],
    ["cosigns another root", (text: string) => text.replace(/\n.{8}/, "\nAAAAAAAA")],
  ])("%s changes nothing", async (how, change) => {
    const own = testKey("witness.example/liar", "cosignature");
    const other = testKey("witness.example/liar", "cosignature");
    const { url } = await liar("witness.example/liar", async (body, response) => {
      const key = how === "cosigns with another key" ? other : own;
      const { line } = await cosign(change(textIn(body)), own.verifier, key.sign, new Date());
      response.writeHead(200).end(line);
    });
    await grow(7);
    collect([{ verifier: own.verifier, url }]);
    await expectStanding(own as never, 0, "LEDGER_WITNESS_ANSWER_INVALID");
    expect(parseNote((await shown())?.note ?? "").signatures).toHaveLength(1);
  });

  test("cosigned in the future is not believed", async () => {
    const own = testKey("witness.example/liar", "cosignature");
    const { url } = await liar("witness.example/liar", async (body, response) => {
      const later = new Date(Date.now() + 3_600_000);
      const { line } = await cosign(textIn(body), own.verifier, own.sign, later);
      response.writeHead(200).end(line);
    });
    await grow(7);
    const asked = { verifier: own.verifier, url };
    collect([asked]);
    await expectStanding(asked, 0, "LEDGER_WITNESS_ANSWER_INVALID");
  });

  test("comes back is asked again, and its failure is forgotten", async () => {
    let isDown = true;
    const one = await witness("witness.example/1");
    const flaky = await liar("witness.example/1", (body, response) =>
      isDown ? response.writeHead(503).end() : passOn(body, response, one.url),
    );
    const asked = { verifier: one.verifier, url: flaky.url };
    await grow(7);
    collect([asked]);
    await expectStanding(asked, 0, "LEDGER_WITNESS_UNREACHABLE");
    expect((await standing(asked))?.failure?.message).toContain("The witness does not answer");
    isDown = false;
    await expectStanding(asked, 7);
  });
});

describe("a database that was", () => {
  /** What a thief of the ledger's key can do: the history is another, and signed anew, as if it had always been so. */
  async function rewriteAndSignAgain(add: number): Promise<void> {
    await ledger.tamper("truncate ledger_entry, ledger_tile, ledger_checkpoint, ledger_inbox cascade");
    const signer = await createCheckpointSigner({
      signer: ledger.key,
      keyLabel: "ledger",
      origin: testOrigin,
      storePath: `${ledger.storePath}-${createHash("sha256").update(String(acts)).digest("hex").slice(0, 8)}`,
    });
    await ledger.record(testActs(add, 1_000_000));
    await ledger.sequence({ signer });
  }

  test.each([
    ["as many", 50],
    ["more", 80],
  ])(
    "rewritten and signed again, with %s leaves, gets no cosignature, and what witnesses saw remains",
    async (_, leaves) => {
      const one = await witness("witness.example/1");
      await grow(50);
      const before = collect([one]);
      await expectStanding(one, 50);
      const old = await shown(1);
      await before.stop();

      await rewriteAndSignAgain(leaves);
      collect([one]);
      await expectStanding(one, 0, "LEDGER_WITNESS_SEES_FORK");
      expect(await shown(1)).toBeUndefined();
      const answer = await fetch(
        new URL(`${createHash("sha256").update(testOrigin).digest("hex")}/checkpoint`, one.url),
      );
      expect(await answer.text()).toBe(old?.note);
    },
  );

  test("put back to an earlier state is known by a witness that has seen more", async () => {
    const one = await witness("witness.example/1");
    await grow(50);
    const before = collect([one]);
    await expectStanding(one, 50);
    await before.stop();
    const size = await grow(30);
    const later = collect([one]);
    await expectStanding(one, size);
    await later.stop();

    await ledger.tamper("delete from ledger_cosignature where size > 50");
    await ledger.tamper("delete from ledger_checkpoint where size > 50");
    collect([one]);
    await expectStanding(one, 50, "LEDGER_WITNESS_AHEAD");
    expect((await shown(1))?.size).toBe(50);
  });
});
