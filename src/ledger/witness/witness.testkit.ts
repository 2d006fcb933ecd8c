import { generateKeyPairSync, sign } from "node:crypto";
import { type Checkpoint, signCheckpoint } from "../checkpoint.ts";
import { type NoteVerifier, noteVerifier, type SignatureKind, type SignOctets } from "../note.ts";
import { emptyEdge, extendEdge, type Tile } from "../tree/edge.ts";
import { leafHash } from "../tree/hash.ts";
import { proveConsistency, rootFromTiles } from "../tree/proof.ts";
import { tilePath } from "../tree/tile.ts";
import { formatAddCheckpoint } from "./add-checkpoint.ts";

/** A key of a log or a witness, as long as the test. */
export interface TestKey {
  readonly verifier: NoteVerifier;
  readonly sign: SignOctets;
}

export function testKey(name: string, kind: SignatureKind): TestKey {
  const pair = generateKeyPairSync("ed25519");
  const publicKey = pair.publicKey.export({ format: "der", type: "spki" });
  return {
    verifier: noteVerifier(name, publicKey, kind),
    sign: (message) => Promise.resolve(sign(null, message, pair.privateKey)),
  };
}

/** A log in memory: checkpoints of any size, and proofs between them. */
export interface TestLog extends TestKey {
  checkpoint(size: number): Promise<Checkpoint>;
  note(size: number): Promise<string>;
  /** The body of a request to a witness that cosigned `oldSize` last. */
  request(oldSize: number, size: number): Promise<Buffer>;
}

/** @param leaves - what its leaves say; two logs that differ from a leaf on are forks of one history */
export function testLog(leaves: readonly string[], key = testKey("log.example/one", "signature")): TestLog {
  const hashes = Buffer.concat(leaves.map((leaf) => leafHash(Buffer.from(leaf))));
  const tiles = new Map<string, Buffer>(
    extendEdge(emptyEdge, hashes).tiles.map((tile: Tile) => [
      `${String(tile.level)}/${String(tile.index)}`,
      tile.hashes,
    ]),
  );
  const readTiles = (wanted: readonly { level: number; index: number; width: number }[]) =>
    Promise.resolve(
      wanted.map((tile) => {
        const found = tiles.get(`${String(tile.level)}/${String(tile.index)}`);
        if (found === undefined) throw new Error(`no tile ${tilePath(tile)}`);
        return found;
      }),
    );
  const checkpoint = async (size: number): Promise<Checkpoint> => ({
    origin: key.verifier.name,
    size,
    root: await rootFromTiles(size, readTiles),
  });
  const note = async (size: number) => signCheckpoint(await checkpoint(size), key.verifier, key.sign);
  return {
    ...key,
    checkpoint,
    note,
    request: async (oldSize, size) =>
      Buffer.from(
        formatAddCheckpoint({
          oldSize,
          proof: oldSize > size ? [] : await proveConsistency(oldSize, size, readTiles),
          checkpoint: await note(size),
        }),
      ),
  };
}

export const numberedLeaves = (count: number, name = "leaf"): string[] =>
  Array.from({ length: count }, (_, index) => `${name} ${String(index)}`);
