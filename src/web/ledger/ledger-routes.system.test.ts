import { hash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { certificateIssuedAct } from "../../ledger/certificate-act.ts";
import { openCheckpoint } from "../../ledger/checkpoint.ts";
import { splitBundle } from "../../ledger/entry-bundle.ts";
import { testKey } from "../../ledger/receipt/receipt.testkit.ts";
import { ledgerOn, type TestLedger, testActs, testTime } from "../../ledger/testkit.ts";
import { parseTlogProof } from "../../ledger/tlog-proof.ts";
import { leafHash, treeHash } from "../../ledger/tree/hash.ts";
import { consistencyHolds, inclusionHolds } from "../../ledger/tree/verify-proof.ts";
import { cosign } from "../../ledger/witness/cosignature.ts";
import { type ApiTestbed, apiTestbed } from "../api/api.testkit.ts";

// The acts of the testbed's own Parties come first; a few hundred more make two full tiles.
let bed: ApiTestbed;
let ledger: TestLedger;
let earlier: { size: number; root: Buffer };
let newest: { size: number; root: Buffer };
const serialNumber = "10".padEnd(32, "1");
beforeAll(async () => {
  bed = await apiTestbed();
  ledger = await ledgerOn({ ...bed, drop: () => Promise.resolve() });
  await ledger.record(testActs(300));
  earlier = (await ledger.sequence()).checkpoint;
  await ledger.record([
    ...testActs(300, 300),
    certificateIssuedAct(testTime, "credential:10a3", {
      serialNumber,
      certificate: hash("sha256", "device", "hex"),
      authority: "issuing-oca",
      chunk: "1",
    }),
  ]);
  newest = (await ledger.sequence()).checkpoint;
});
afterAll(async () => {
  await ledger.drop();
  await bed.end();
});
const get = (path: string, headers: Readonly<Record<string, string>> = {}) =>
  bed.server.inject({ url: `/ledger/${path}`, headers: { ...headers } });
const hashesIn = (body: string) =>
  body.split("\n").flatMap((line) => (line === "" ? [] : [Buffer.from(line, "base64")]));

describe("The checkpoint", () => {
  test("is the newest one, as text, kept by caches for a moment only", async () => {
    const { statusCode, headers, body } = await get("checkpoint");
    expect(statusCode).toBe(200);
    expect(headers).toMatchObject({
      "content-type": "text/plain; charset=utf-8",
      "cache-control": "public, max-age=2",
    });
    expect(openCheckpoint(body, ledger.signer.verifier)).toMatchObject({
      size: newest.size,
      root: newest.root,
    });
  });

  test("is not sent again to who has it", async () => {
    const { headers } = await get("checkpoint");
    const etag = String(headers.etag);
    for (const held of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
      const again = await get("checkpoint", { "if-none-match": held });
      expect([again.statusCode, again.body]).toEqual([304, ""]);
    }
    expect((await get("checkpoint", { "if-none-match": '"other"' })).statusCode).toBe(200);
  });
});

describe("Tiles and entries", () => {
  test("give the root of the checkpoint, in the form of the specification, to be kept for ever", async () => {
    const rest = newest.size - 512;
    const paths = ["tile/0/000", "tile/0/001", `tile/0/002.p/${String(rest)}`];
    const tiles = await Promise.all(paths.map((path) => get(path)));
    for (const { statusCode, headers } of tiles) {
      expect(statusCode).toBe(200);
      expect(headers).toMatchObject({
        "content-type": "application/octet-stream",
        "cache-control": "public, max-age=31536000, immutable",
      });
    }
    const hashes = Buffer.concat(tiles.map(({ rawPayload }) => rawPayload));
    expect(treeHash(hashes)).toEqual(newest.root);
    const bundles = await Promise.all(paths.map((path) => get(path.replace("tile/0", "tile/entries"))));
    const entries = bundles.flatMap(
      ({ rawPayload }, index) => splitBundle(rawPayload, index === 2 ? rest : 256) ?? [],
    );
    expect(Buffer.concat(entries.map(leafHash))).toEqual(hashes);
  });

  test("entries are compressed for who takes gzip, and caches are told", async () => {
    const plain = await get("tile/entries/000");
    const packed = await get("tile/entries/000", { "accept-encoding": "br;q=1.0, GZIP;q=0.5" });
    expect(packed.headers).toMatchObject({ "content-encoding": "gzip", vary: "accept-encoding" });
    expect(plain.headers).toMatchObject({ vary: "accept-encoding" });
    expect(plain.headers).not.toHaveProperty("content-encoding");
    expect(packed.rawPayload.length).toBeLessThan(plain.rawPayload.length / 2);
    expect(gunzipSync(packed.rawPayload)).toEqual(plain.rawPayload);
    for (const encoding of ["identity", "gzip;q=0", "gzip;q=0.000", "xgzip"])
      expect((await get("tile/entries/000", { "accept-encoding": encoding })).rawPayload).toEqual(
        plain.rawPayload,
      );
  });

  test.each([
    "tile/0/002",
    "tile/0/000.p/256",
    "tile/0/x000/000",
    "tile/entries/900",
    "tile/64/000",
    "tile/",
    "tile/0/..%2f..%2fcheckpoint",
    "tile/0/000%00",
    "proof/inclusion/100000",
    "proof/consistency/5/100000",
    "proof/consistency/9/5",
    "receipt/10ff",
  ])("%s is not there, and no cache keeps that", async (path) => {
    const { statusCode, headers, body } = await get(path, bed.as("device"));
    expect(statusCode).toBe(404);
    expect(headers).toMatchObject({ "cache-control": "no-store" });
    expect(JSON.parse(body)).toMatchObject({
      code: expect.any(String) as string,
      remedy: expect.any(String) as string,
    });
  });

  test("what is no such address is told so, and so is a wrong method", async () => {
    expect((await get("nothing")).statusCode).toBe(404);
    expect((await get("proof/inclusion/-1")).statusCode).toBe(400);
    expect((await get("proof/inclusion/1e300")).statusCode).toBe(400);
    const { statusCode, headers } = await bed.server.inject({ method: "POST", url: "/ledger/tile/0/000" });
    expect([statusCode, headers.allow]).toEqual([405, "GET, HEAD"]);
  });
});

describe("Proofs", () => {
  test("that an entry stands under the newest checkpoint need nothing but the key", async () => {
    for (const index of [0, 255, 256, newest.size - 1]) {
      const { statusCode, body } = await get(`proof/inclusion/${String(index)}`);
      expect(statusCode).toBe(200);
      const proof = parseTlogProof(body);
      const { size, root } = openCheckpoint(proof.checkpoint, ledger.signer.verifier);
      const claim = { index: proof.index, leafHash: leafHash(proof.entry), size, root, proof: proof.hashes };
      expect([proof.index, inclusionHolds(claim)]).toEqual([index, true]);
    }
  });

  test("that one tree extends another are lines of Base64, and never change", async () => {
    const { size: oldSize, root: oldRoot } = earlier;
    const { body, headers } = await get(`proof/consistency/${String(oldSize)}/${String(newest.size)}`);
    const claim = { oldSize, oldRoot, newSize: newest.size, newRoot: newest.root, proof: hashesIn(body) };
    expect(consistencyHolds(claim)).toBe(true);
    expect(consistencyHolds({ ...claim, oldRoot: newest.root })).toBe(false);
    expect(headers["cache-control"]).toContain("immutable");
    expect((await get(`proof/consistency/${String(newest.size)}/${String(newest.size)}`)).body).toBe("");
    expect((await get("proof/consistency/0/5")).body).toBe("");
  });
});

test("A receipt is for those who may look certificates up", async () => {
  expect((await get(`receipt/${serialNumber}`)).statusCode).toBe(401);
  const { statusCode, headers, body } = await get(`receipt/${serialNumber}`, bed.as("device"));
  expect(statusCode).toBe(200);
  expect(headers).toMatchObject({ "cache-control": "private, max-age=2" });
  const proof = parseTlogProof(body.slice(body.indexOf("\nc2sp.org/tlog-proof@v1\n") + 1));
  expect(proof.entry.toString()).toContain(serialNumber);
  const unrecorded = await get(`receipt/${"10".padEnd(32, "2")}`, bed.as("device"));
  expect([unrecorded.statusCode, unrecorded.body]).toEqual([
    404,
    expect.stringContaining("LEDGER_ACT_NOT_FOUND"),
  ]);
});

test("Where witnesses must cosign, nothing is shown under a checkpoint that they have not cosigned", async () => {
  const watched = await apiTestbed({ ledger: { isPublic: true, quorum: 1 } });
  const ofWatched = await ledgerOn({ ...watched, drop: () => Promise.resolve() });
  const ask = (path: string) => watched.server.inject({ url: `/ledger/${path}` });
  const witness = testKey("witness.example/w1", "cosignature");
  try {
    await ofWatched.record(testActs(10));
    const { note, size } = (await ofWatched.sequence()).checkpoint;
    const none = await ask("checkpoint");
    expect([none.statusCode, none.body]).toEqual([404, expect.stringContaining("LEDGER_CHECKPOINT_NOT_YET")]);
    expect((await ask("proof/inclusion/0")).statusCode).toBe(404);
    const text = note.slice(0, note.lastIndexOf("\n\n") + 1);
    const { line } = await cosign(text, witness.verifier, witness.sign, testTime);
    const { name, keyId } = witness.verifier;
    await ofWatched.tamper(
      `insert into ledger_cosignature values (${String(size)}, '${name}', '${keyId}', '${line.trimEnd()}', now())`,
    );
    await ofWatched.record(testActs(10, 10));
    await ofWatched.sequence();
    expect((await ask("checkpoint")).body).toBe(note + line);
    expect((await ask("proof/inclusion/0")).body.endsWith(note + line)).toBe(true);
    expect((await ask(`proof/inclusion/${String(size)}`)).statusCode).toBe(404);
    expect((await watched.server.inject("/api/v1/ledger/checkpoint")).body).toBe(note + line);
  } finally {
    await ofWatched.drop();
    await watched.end();
  }
});

test("A ledger that is not for everyone shows checkpoint and key alone to who has no credential", async () => {
  const closed = await apiTestbed({ ledger: { isPublic: false, quorum: 0 } });
  const ofClosed = await ledgerOn({ ...closed, drop: () => Promise.resolve() });
  try {
    await ofClosed.record(testActs(300));
    const { size } = (await ofClosed.sequence()).checkpoint;
    const ask = (path: string, headers: Readonly<Record<string, string>> = {}) =>
      closed.server.inject({ url: `/ledger/${path}`, headers: { ...headers } });
    for (const path of ["checkpoint", "verifier-key"]) expect((await ask(path)).statusCode).toBe(200);
    const others = [
      "tile/0/000",
      "tile/entries/000",
      "proof/inclusion/1",
      `proof/consistency/1/${String(size)}`,
    ];
    for (const path of others) {
      expect((await ask(path)).statusCode, path).toBe(401);
      const { statusCode, headers } = await ask(path, closed.as("organisation"));
      expect([statusCode, headers["cache-control"]], path).toEqual([200, expect.stringContaining("private")]);
    }
  } finally {
    await ofClosed.drop();
    await closed.end();
  }
});
