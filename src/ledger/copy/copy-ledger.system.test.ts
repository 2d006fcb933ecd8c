import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { formatVerifierKey } from "../note.ts";
import { type TestLedger, testActs, testLedger } from "../testkit.ts";
import {
  copyOf,
  filesIn,
  removeFolders,
  resourcesOf,
  rewriteHistory,
  temporaryFolder,
} from "./copy.testkit.ts";
import { copyLedger } from "./copy-ledger.ts";
import { httpResources } from "./http-resources.ts";
import type { LedgerResources } from "./resources.ts";
import { verifyCopy } from "./verify-copy.ts";

// Two full tiles and a partial one.
let ledger: TestLedger;
let folder: string;
beforeEach(async () => {
  ledger = await testLedger();
  await ledger.record(testActs(600));
  await ledger.sequence();
  folder = temporaryFolder();
});
afterEach(() => ledger.drop());
afterAll(removeFolders);

const filesAt600 = [
  "checkpoint",
  "checkpoints/600.txt",
  "tile/0/000",
  "tile/0/001",
  "tile/0/002.p/88",
  "tile/1/000.p/2",
  "tile/entries/000",
  "tile/entries/001",
  "tile/entries/002.p/88",
  "verifier-key",
];
const fileIn = (name: string) => readFileSync(join(folder, name), "utf8");

/** Resources that note what is asked for, and change or refuse an answer. */
function watched(change: (path: string, octets: Buffer) => Buffer = (_, octets) => octets) {
  const asked: string[] = [];
  const resources: LedgerResources = {
    get: async (path) => {
      asked.push(path);
      return change(path, await resourcesOf(ledger).get(path));
    },
  };
  return { asked, resources };
}

describe("A copy", () => {
  test("has what the ledger serves under the same paths, and verifies without it", async () => {
    const result = await copyOf(ledger, folder);
    expect(result).toMatchObject({ size: 600, previousSize: 0, keyFrom: "served" });
    expect(filesIn(folder)).toEqual(filesAt600);
    for (const name of filesAt600.filter((one) => !one.startsWith("checkpoints/")))
      expect(readFileSync(join(folder, name))).toEqual(await resourcesOf(ledger).get(name));
    expect(await verifyCopy(folder)).toMatchObject({
      holds: true,
      size: 600,
      signedSize: 600,
      checkpoints: 1,
    });
  });

  test("is brought up to date with what is new alone, and keeps its earlier checkpoints", async () => {
    await copyOf(ledger, folder);
    await ledger.record(testActs(300, 600));
    await ledger.sequence();
    const { asked, resources } = watched();
    expect(await copyLedger({ folder, resources })).toMatchObject({
      size: 900,
      previousSize: 600,
      keyFrom: "copy",
    });
    expect(asked.toSorted()).toEqual([
      "checkpoint",
      "tile/0/002",
      "tile/0/003.p/132",
      "tile/1/000.p/3",
      "tile/entries/002",
      "tile/entries/003.p/132",
    ]);
    const now = filesIn(folder);
    expect(now).toEqual(expect.arrayContaining(["checkpoints/600.txt", "checkpoints/900.txt", "tile/0/002"]));
    expect(now.filter((name) => name.includes(".p/"))).toEqual([
      "tile/0/003.p/132",
      "tile/1/000.p/3",
      "tile/entries/003.p/132",
    ]);
    expect(await verifyCopy(folder)).toMatchObject({ holds: true, size: 900, checkpoints: 2 });
    const again = watched();
    expect(await copyLedger({ folder, resources: again.resources })).toMatchObject({
      size: 900,
      previousSize: 900,
    });
    expect(again.asked.filter((path) => path.startsWith("tile/entries"))).toEqual([]);
  });

  test("that was interrupted goes on, and does not fetch a second time what it has", async () => {
    let left = 7;
    const { resources } = watched((path, octets) => {
      left -= 1;
      if (left < 0) throw new Error(`the line is cut at ${path}`);
      return octets;
    });
    await expect(copyLedger({ folder, resources })).rejects.toThrow("the line is cut");
    expect(filesIn(folder)).not.toContain("checkpoint");
    const before = filesIn(folder).filter((name) => name.startsWith("tile/") && !name.includes(".p/"));
    expect(before.length).toBeGreaterThan(0);
    const rest = watched();
    await copyLedger({ folder, resources: rest.resources });
    expect(rest.asked.filter((path) => before.includes(path))).toEqual([]);
    expect(filesIn(folder)).toEqual(filesAt600);
  });

  test("fetches again what an interrupted run left half written", async () => {
    await copyOf(ledger, folder);
    const other = temporaryFolder();
    const half = readFileSync(join(folder, "tile/entries/000")).subarray(0, 1_000);
    await copyOf(ledger, other, {
      resources: watched((path, octets) => {
        if (path === "tile/entries/001") throw new Error("cut");
        return octets;
      }).resources,
    }).catch(() => undefined);
    writeFileSync(join(other, "tile/entries/000"), half);
    await copyOf(ledger, other);
    expect(await verifyCopy(other)).toMatchObject({ holds: true, size: 600 });
  });
});

test("Of two copies into one folder at once one is refused, and the other is whole", async () => {
  const gate = Promise.withResolvers<undefined>();
  const reached = Promise.withResolvers<undefined>();
  const slow = {
    get: async (path: string) => {
      if (path === "tile/entries/001") {
        reached.resolve(undefined);
        await gate.promise;
      }
      return resourcesOf(ledger).get(path);
    },
  };
  const first = copyLedger({ folder, resources: slow });
  await reached.promise;
  const second = await copyOf(ledger, folder).catch((error: unknown) => error);
  gate.resolve(undefined);
  expect(second).toMatchObject({
    code: "LEDGER_COPY_UNDER_WAY",
    details: { pid: process.pid, lock: expect.stringContaining(folder) as string },
  });
  await first;
  expect(await verifyCopy(folder)).toMatchObject({ holds: true, size: 600 });
  expect(await copyOf(ledger, folder)).toMatchObject({ previousSize: 600 });
});

test("A copy to where nothing can be written is refused by the file's name", async () => {
  writeFileSync(join(folder, "file"), "");
  await expect(copyOf(ledger, join(folder, "file"))).rejects.toMatchObject({
    code: "LEDGER_COPY_UNWRITABLE",
    details: { file: join(folder, "file") },
  });
});

test("A ledger without a checkpoint to show has nothing to be copied", async () => {
  const empty = await testLedger();
  try {
    await expect(copyOf(empty, folder)).rejects.toMatchObject({ code: "LEDGER_CHECKPOINT_NOT_YET" });
  } finally {
    await empty.drop();
  }
});

describe("A copy is refused, and stays as it was,", () => {
  const refused = async (resources: LedgerResources): Promise<unknown> => {
    const before = fileIn("checkpoint");
    const error = await copyLedger({ folder, resources }).catch((caught: unknown) => caught);
    expect(fileIn("checkpoint")).toBe(before);
    expect(await verifyCopy(folder)).toMatchObject({ holds: true, size: 600 });
    return error;
  };
  beforeEach(() => copyOf(ledger, folder));

  test("when history was rewritten and signed again; the evidence is kept", async () => {
    await rewriteHistory(ledger, testActs(900, 5_000), [300, 900]);
    const error = await refused(resourcesOf(ledger));
    expect(error).toMatchObject({ code: "LEDGER_COPY_FORKED", details: { copy: 600, served: 900 } });
    const { evidence } = (error as { details: { evidence: string } }).details;
    expect(readFileSync(evidence, "utf8")).toBe(String(await resourcesOf(ledger).get("checkpoint")));
  });

  test("when another history of the same size was signed", async () => {
    await rewriteHistory(ledger, testActs(600, 5_000), [600]);
    expect(await refused(resourcesOf(ledger))).toMatchObject({ code: "LEDGER_COPY_FORKED" });
  });

  test("when the ledger was put back", async () => {
    await rewriteHistory(ledger, testActs(300), [300]);
    expect(await refused(resourcesOf(ledger))).toMatchObject({
      code: "LEDGER_COPY_ROLLED_BACK",
      details: { copy: 600, served: 300 },
    });
  });

  test("when the key is another than the one it was begun with", async () => {
    const other = await testLedger();
    try {
      const verifierKey = formatVerifierKey(other.signer.verifier);
      await expect(copyOf(ledger, folder, { verifierKey })).rejects.toMatchObject({
        code: "LEDGER_COPY_KEY_CHANGED",
      });
      await other.record(testActs(600));
      await other.sequence();
      await expect(copyOf(other, folder)).rejects.toMatchObject({ code: "LEDGER_NOTE_UNVERIFIED" });
    } finally {
      await other.drop();
    }
  });

  test.each([
    "tile/0/002",
    "tile/0/003.p/132",
    "tile/1/000.p/3",
    "tile/entries/002",
    "tile/entries/003.p/132",
  ])("when the ledger serves a %s that is not what was signed", async (path) => {
    await ledger.record(testActs(300, 600));
    await ledger.sequence();
    const { resources } = watched((asked, octets) => {
      if (asked === path) octets.writeUInt8(octets.readUInt8(40) ^ 1, 40);
      return octets;
    });
    expect(await refused(resources)).toMatchObject({ code: "LEDGER_COPY_SOURCE_DAMAGED" });
    expect(await copyOf(ledger, folder)).toMatchObject({ size: 900 });
    expect(await verifyCopy(folder)).toMatchObject({ holds: true, size: 900 });
  });
});

describe("Over HTTP", () => {
  const serving = async (
    answer: (path: string) => { status?: number; headers?: Record<string, string>; body: Buffer | string },
    work: (url: string) => Promise<void>,
  ) => {
    const server = createServer((request, response) => {
      const { status = 200, headers = {}, body } = answer((request.url ?? "").replace("/log/", ""));
      response.writeHead(status, headers).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      await work(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}/log/`);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  };

  test("a copy served by any static server is a ledger that can be copied in turn", async () => {
    await copyOf(ledger, folder);
    const second = temporaryFolder();
    await serving(
      (path) => ({ body: readFileSync(join(folder, path)) }),
      async (url) => {
        const resources = httpResources(url);
        await copyLedger({ folder: second, resources });
        resources.close();
      },
    );
    expect(filesIn(second)).toEqual(filesAt600);
    expect(await verifyCopy(second)).toMatchObject({ holds: true });
  });

  test.each([
    ["an error", { status: 500, body: "no" }, /answered 500/],
    ["a redirection", { status: 302, headers: { location: "http://127.0.0.1/" }, body: "" }, /answered 302/],
    ["more than any bundle has", { body: Buffer.alloc(17_000_000) }, /longer than/],
    ["what is no gzip", { headers: { "content-encoding": "gzip" }, body: "no" }, /incorrect header/],
  ])("%s is told with its address", async (_, answer, reason) => {
    await serving(
      () => answer,
      async (url) => {
        const resources = httpResources(url);
        await expect(resources.get("checkpoint")).rejects.toMatchObject({
          code: "LEDGER_SOURCE_UNREACHABLE",
          details: { url: `${url}checkpoint`, reason: expect.stringMatching(reason) as string },
        });
        resources.close();
      },
    );
  });

  test.each(["ftp://example.org/log", "not an address", "https://example.org/log?x=1"])(
    "%j is no address",
    (url) => {
      expect(() => httpResources(url)).toThrow(/not an address/);
    },
  );
});
