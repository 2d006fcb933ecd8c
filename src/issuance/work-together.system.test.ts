import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { sql } from "kysely";
import { afterEach, describe, expect, test } from "vitest";
import { deviceCap, issuingTerms } from "../authorities/ceremony/terms.testkit.ts";
import { type IssuingAuthority, type IssuingStep, issuingSteps } from "../authorities/issuing/issue.ts";
import { SmkiError } from "../errors/smki-error.ts";
import { expectCertifiedOnce } from "./certified-once.testkit.ts";
import {
  type IssuingEstate,
  issuedSerialNumbers,
  issuingEstate,
  makeDeviceCsr,
  makeDeviceCsrs,
  makeKey,
  nextDevice,
  words,
} from "./issuance.testkit.ts";
import type { IssueTask } from "./testkit/issue-task.ts";
import { workTogether } from "./work-together.ts";

let estate: IssuingEstate;
afterEach(() => estate.end());

/** CSRs that came in one by one, and the chunk of each. */
interface Singles {
  readonly batches: readonly number[];
  readonly chunks: readonly number[];
}

async function submitSingles(csrs: readonly Buffer[]): Promise<Singles> {
  const batches: number[] = [];
  for (const csr of csrs) batches.push(await estate.submit(estate.manufacturer, "device", [csr]));
  const chunks = (await Promise.all(batches.map(estate.chunksOf))).flat();
  return { batches, chunks };
}

const outcomesOf = async ({ batches }: Singles) => (await Promise.all(batches.map(estate.outcomes))).flat();
const work = async ({ chunks }: Singles, changes?: Partial<IssuingAuthority>) => [
  ...(await workTogether(estate.issuing(changes), chunks)).values(),
];

/** An issuing authority that counts how often each step is reached. */
function counting(): {
  readonly counts: Partial<Record<IssuingStep, number>>;
  readonly afterStep: (step: IssuingStep) => void;
} {
  const counts: Partial<Record<IssuingStep, number>> = {};
  return { counts, afterStep: (step) => void (counts[step] = (counts[step] ?? 0) + 1) };
}

describe("single CSRs that wait at the same time", () => {
  test("go through the steps together: one recording transaction, one batch of signatures, one publishing", async () => {
    estate = await issuingEstate();
    const singles = await submitSingles([...makeDeviceCsrs(6), Buffer.from("no CSR"), makeDeviceCsr()]);
    const { reserved } = await estate.authority("issuing-dca/0001");
    const { counts, afterStep } = counting();
    expect(await work(singles, { afterStep })).toEqual(Array(8).fill("finished"));
    expect(counts).toEqual(Object.fromEntries(issuingSteps.map((step) => [step, 1])));
    expect(words(await outcomesOf(singles))).toEqual([
      ...Array<string>(6).fill("issued"),
      "CSR_MALFORMED",
      "issued",
    ]);
    expect((await estate.authority("issuing-dca/0001")).reserved).toBe(reserved + 7);
    // Each has acts of its own all the same.
    expect(await estate.actsOf("certificates.intended")).toHaveLength(3 + 7);
    await expectCertifiedOnce(estate);
  });

  test("with one key give it one certificate, and the other the number of that", async () => {
    estate = await issuingEstate();
    const key = makeKey();
    const twice = [makeDeviceCsr({ key }), makeDeviceCsr(), makeDeviceCsr({ key })];
    const singles = await submitSingles(twice);
    expect(await work(singles)).toEqual(Array(3).fill("finished"));
    const outcomes = await outcomesOf(singles);
    expect(words(outcomes)).toEqual(["issued", "issued", "KEY_ALREADY_CERTIFIED"]);
    expect(outcomes[2]).toMatchObject({ details: { serialNumber: issuedSerialNumbers(outcomes)[0] } });
    await expectCertifiedOnce(estate);
  });

  test("for one Device give it no more than it may have", async () => {
    estate = await issuingEstate();
    const deviceId = nextDevice();
    const singles = await submitSingles(Array.from({ length: 7 }, () => makeDeviceCsr({ deviceId })));
    const limit = { ...issuingTerms.devices.deviceCertificatesPerDevice, value: 5 };
    const terms = {
      ...issuingTerms,
      devices: { ...issuingTerms.devices, deviceCertificatesPerDevice: limit },
    };
    expect(await work(singles, { terms })).toEqual(Array(7).fill("finished"));
    const decided = words(await outcomesOf(singles));
    expect(decided.filter((word) => word === "issued")).toHaveLength(5);
    expect(decided.filter((word) => word === "DEVICE_CERTIFICATE_LIMIT")).toHaveLength(2);
    await expectCertifiedOnce(estate);
  });

  test("wait one by one where the last CA has not room for all", async () => {
    estate = await issuingEstate({ stockSize: 1, released: 1 });
    const singles = await submitSingles(makeDeviceCsrs(5));
    const cap = { ...deviceCap, maximumCertificates: 3 };
    expect((await work(singles, { deviceCap: cap })).toSorted()).toEqual([
      ...Array<string>(3).fill("finished"),
      "waiting",
      "waiting",
    ]);
    expect(issuedSerialNumbers(await outcomesOf(singles))).toHaveLength(3);
  });
});

describe("a fault of one of them", () => {
  test("that is seen while it is read holds that one, and none of its neighbours", async () => {
    estate = await issuingEstate();
    const singles = await submitSingles(makeDeviceCsrs(5));
    const [, , damaged = 0] = singles.chunks;
    await estate.database.transaction((tx) =>
      sql`update request_chunk set requests = 'damaged' where id = ${damaged}`.execute(tx),
    );
    expect(await work(singles)).toEqual(["finished", "finished", "held", "finished", "finished"]);
    expect(words(await outcomesOf(singles))).toEqual(["issued", "issued", "undecided", "issued", "issued"]);
    await expectCertifiedOnce(estate);
  });

  test("whose octets were altered once recorded is held, and nothing of it is signed", async () => {
    estate = await issuingEstate();
    const singles = await submitSingles(makeDeviceCsrs(4));
    const [, altered = 0] = singles.chunks;
    const afterStep = async (step: IssuingStep) => {
      if (step !== "record") return;
      await estate.database.transaction((tx) =>
        sql`update issuing_intent set to_be_signed = (
              select to_be_signed from issuing_intent where chunk_id = ${singles.chunks[0]})
            where chunk_id = ${altered}`.execute(tx),
      );
    };
    expect(await work(singles, { afterStep })).toEqual(["finished", "held", "finished", "finished"]);
    const [held] = (await estate.actsOf("chunk.held")).slice(-1);
    expect(held?.subject).toMatchObject({ chunk: altered, code: "INTENT_ALTERED" });
    expect(words(await outcomesOf(singles))).toEqual(["issued", "undecided", "issued", "issued"]);
  });

  test("with its key store away leaves all of them as they stand", async () => {
    estate = await issuingEstate();
    const singles = await submitSingles(makeDeviceCsrs(3));
    const afterStep = (step: IssuingStep) => {
      if (step === "record") throw new SmkiError("KEY_STORE_UNAVAILABLE", { reason: "pulled out" });
    };
    await expect(work(singles, { afterStep })).rejects.toMatchObject({ code: "KEY_STORE_UNAVAILABLE" });
    expect(await work(singles)).toEqual(Array(3).fill("finished"));
    await expectCertifiedOnce(estate);
  });
});

describe("a worker killed with SIGKILL while it works on several", () => {
  test("at any step leaves them to others, each with the serial number that was recorded for it", async () => {
    estate = await issuingEstate();
    for (const killAfter of issuingSteps) {
      const singles = await submitSingles([...makeDeviceCsrs(3), Buffer.from("no CSR")]);
      const task: IssueTask = {
        connectionString: estate.connectionString,
        store: estate.operationalStore,
        chunks: singles.chunks,
        now: estate.clock.read().toISOString(),
        killAfter,
      };
      const program = join(import.meta.dirname, "testkit", "issue-process.ts");
      const child = spawn(process.execPath, [program, JSON.stringify(task)], { stdio: "inherit" });
      expect(await once(child, "exit")).toEqual([null, "SIGKILL"]);
      const recorded = await serialsRecorded(singles);
      expect(recorded).toHaveLength(killAfter === "intend" || killAfter === "recording" ? 0 : 3);
      // The next one takes them in other company.
      const [first = 0, ...others] = singles.chunks;
      expect(await work({ ...singles, chunks: others })).toEqual(Array(3).fill("finished"));
      expect(await work({ ...singles, chunks: [first] })).toEqual(["finished"]);
      const outcomes = await outcomesOf(singles);
      expect(words(outcomes), killAfter).toEqual(["issued", "issued", "issued", "CSR_MALFORMED"]);
      if (recorded.length > 0) expect(issuedSerialNumbers(outcomes)).toEqual(recorded);
      await expectCertifiedOnce(estate);
    }
  });
});

/** The serial numbers in what stands recorded for chunks, in their order. */
async function serialsRecorded({ chunks }: Singles): Promise<string[]> {
  const { rows } = await estate.database.read((tx) =>
    sql<{ serial: string }>`
      select encode(key.serial_number, 'hex') as serial
      from issuing_intent intent, certified_key key
      where intent.chunk_id = any(${chunks}::bigint[])
        and position(key.serial_number in intent.to_be_signed) > 0
      order by intent.chunk_id`.execute(tx),
  );
  return rows.map(({ serial }) => serial);
}
