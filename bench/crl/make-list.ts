import { createPublicKey, generateKeyPairSync, hash, sign, verify } from "node:crypto";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { type ListStep, listSteps } from "../../src/authorities/revocation/publish-list.ts";
import { sequenceOnce } from "../../src/ledger/sequencer.ts";
import { median } from "../report/measurement.ts";
import { type ListDesk, publish, revokeFiller } from "./prepare.ts";

/** How long the parts of making one list took, in milliseconds. */
export type Parts = Readonly<Record<ListStep | "sequenced", number>>;

/** Lists that were made one after another, each with one revocation more. */
export interface MadeLists {
  readonly entries: number;
  readonly octets: number;
  /** From the question whether one is due to the commit, median in milliseconds. */
  readonly total: number;
  /** Processor time that this process used for it, its collector's threads included, median in milliseconds. */
  readonly processor: number;
  /** The same up to the checkpoint over its act. */
  readonly inLedger: number;
  /** Medians. */
  readonly parts: Parts;
  /** The longest time in which the process could turn to nothing else, median of the lists, in milliseconds. */
  readonly longestBlock: number;
  /** Hash, signature and verification of the same octets in node:crypto, in turns with the lists, median. */
  readonly floor: number;
  readonly last: Buffer;
}

const lists = 15;
const warmUps = 5;

/** Makes lists of the size that the CA's list has now. */
export async function makeLists(desk: ListDesk): Promise<MadeLists> {
  const runs: { parts: Parts; total: number; processor: number; block: number; floor: number }[] = [];
  let last: { readonly entries: number; readonly list: Buffer } = { entries: 0, list: Buffer.alloc(0) };
  for (let run = 0; run < lists + warmUps; run += 1) {
    await revokeFiller(desk, 1);
    desk.later();
    const delay = monitorEventLoopDelay({ resolution: 1 });
    const parts: Partial<Record<ListStep | "sequenced", number>> = {};
    const start = performance.now();
    let since = start;
    const lap = (step: ListStep | "sequenced") => {
      parts[step] = performance.now() - since;
      since = performance.now();
    };
    const processorStart = process.cpuUsage();
    delay.enable();
    const list = await publish(desk, lap);
    delay.disable();
    const { user, system } = process.cpuUsage(processorStart);
    if (list === undefined) throw new Error("no list was due");
    const total = since - start;
    await sequenceOnce({ database: desk.estate.database, signer: desk.ledger, clock: desk.now });
    lap("sequenced");
    last = list;
    const floor = floorOf(list.list);
    if (run >= warmUps) {
      const processor = (user + system) / 1000;
      runs.push({ parts: parts as Parts, total, processor, block: delay.max / 1e6, floor });
    }
  }
  const middle = (of: (run: (typeof runs)[number]) => number) => median(runs.map(of));
  const steps = [...listSteps, "sequenced"] as const;
  return {
    entries: last.entries,
    octets: last.list.length,
    total: middle(({ total }) => total),
    processor: middle(({ processor }) => processor),
    inLedger: middle(({ total, parts }) => total + parts.sequenced),
    parts: Object.fromEntries(
      steps.map((step) => [step, middle(({ parts }) => parts[step])]),
    ) as unknown as Parts,
    longestBlock: middle(({ block }) => block),
    floor: middle(({ floor }) => floor),
    last: last.list,
  };
}

const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
const publicKey = createPublicKey(privateKey);

/** What cryptography alone takes: the octets hashed, signed, verified. */
function floorOf(octets: Buffer): number {
  const start = performance.now();
  hash("sha256", octets);
  const signature = sign("sha256", octets, privateKey);
  if (!verify("sha256", octets, publicKey, signature)) throw new Error("the floor does not verify");
  return performance.now() - start;
}
