import { generateKeyPairSync, hash, sign } from "node:crypto";
import { parseCertificate, serialNumberFromOctets } from "../../certificates/index.ts";
import { sampleTbs, signedSample } from "../../certificates/lint/samples.testdata.ts";
import type { Act } from "../act.ts";
import { encodeAct } from "../act-encoding.ts";
import { certificateIssuedAct } from "../certificate-act.ts";
import { signCheckpoint } from "../checkpoint.ts";
import { formatVerifierKey, type NoteVerifier, noteVerifier, type SignatureKind } from "../note.ts";
import { testActs, testOrigin, testTime } from "../testkit.ts";
import { emptyEdge, extendEdge } from "../tree/edge.ts";
import { leafHash, treeHash } from "../tree/hash.ts";
import { proveInclusion } from "../tree/proof.ts";
import { cosign } from "../witness/cosignature.ts";
import { formatReceipt } from "./receipt.ts";

/** A key for signing notes or, as a witness, for cosigning them. */
export function testKey(name = testOrigin, kind: SignatureKind = "signature") {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const verifier: NoteVerifier = noteVerifier(name, publicKey.export({ format: "der", type: "spki" }), kind);
  return {
    verifier,
    key: formatVerifierKey(verifier),
    sign: (message: Uint8Array) => Promise.resolve(sign(null, message, privateKey)),
  };
}
export type TestKey = ReturnType<typeof testKey>;

/** A real certificate, DER, and the act of issuing it. */
export const sampleCertificate: Buffer = signedSample(sampleTbs("device"));
export const sampleSerial = serialNumberFromOctets(parseCertificate(sampleCertificate).serialNumber);
export const sampleAct = (change: Partial<Record<"serialNumber" | "certificate", string>> = {}): Act =>
  certificateIssuedAct(testTime, "credential:10a3", {
    serialNumber: sampleSerial,
    certificate: hash("sha256", sampleCertificate, "hex"),
    authority: "issuing-dca/0001",
    chunk: "1",
    ...change,
  });

/** What a receipt is made of; any part may be another than it should. */
export interface ReceiptParts {
  readonly key: TestKey;
  readonly act?: Act;
  readonly size?: number;
  readonly leaf?: number;
  readonly witnesses?: readonly TestKey[];
  readonly certificate?: Buffer;
}

/** A receipt of the sample certificate in a ledger of acts like it. */
export async function testReceipt(parts: ReceiptParts): Promise<{ receipt: string; checkpoint: string }> {
  const { key, act = sampleAct(), size = 300, leaf = 259, witnesses = [] } = parts;
  const entries = testActs(size).map(encodeAct);
  const entry = encodeAct(act);
  entries[leaf] = entry;
  const hashes = Buffer.concat(entries.map(leafHash));
  const { tiles } = extendEdge(emptyEdge, hashes);
  const readTiles = (wanted: readonly { level: number; index: number }[]) =>
    Promise.resolve(
      wanted.map(({ level, index }) => {
        const tile = tiles.find((one) => one.level === level && one.index === index);
        return tile?.hashes ?? Buffer.alloc(0);
      }),
    );
  const signed = await signCheckpoint(
    { origin: testOrigin, size, root: treeHash(hashes) },
    key.verifier,
    key.sign,
  );
  const text = signed.slice(0, signed.lastIndexOf("\n\n") + 1);
  const lines = await Promise.all(
    witnesses.map((witness) => cosign(text, witness.verifier, witness.sign, testTime)),
  );
  const checkpoint = signed + lines.map(({ line }) => line).join("");
  const receipt = formatReceipt({
    certificate: parts.certificate ?? sampleCertificate,
    verifierKey: key.key,
    proof: { entry, index: leaf, hashes: await proveInclusion(leaf, size, readTiles), checkpoint },
  });
  return { receipt, checkpoint };
}
