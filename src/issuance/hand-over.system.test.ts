import { afterEach, describe, expect, test } from "vitest";
import type { IssuingCap } from "../authorities/allocation.ts";
import { release, sampleSitting, seconds } from "../authorities/ceremony/estate.testkit.ts";
import { revokeAuthority } from "../authorities/ceremony/revoke-authority.ts";
import { extendStock } from "../authorities/ceremony/stock.ts";
import { deviceCap } from "../authorities/ceremony/terms.testkit.ts";
import { findCertificates } from "../authorities/certificates.ts";
import { authorityStanding } from "../authorities/standing.ts";
import { rulebookFor } from "../rulebook/index.ts";
import { resumeChunk } from "./held-chunks.ts";
import {
  type IssuingEstate,
  issuedSerialNumbers,
  issuingEstate,
  makeDeviceCsr,
  makeDeviceCsrs,
  makeOrganisationCsr,
  operator,
  words,
} from "./issuance.testkit.ts";
import { workChunk } from "./work-chunk.ts";

let estate: IssuingEstate;
afterEach(() => estate.end());

const capOf = (maximumCertificates: number): IssuingCap => ({ ...deviceCap, maximumCertificates });

/** The states of the Issuing DCAs, with what is counted against their caps. */
const standing = async () =>
  (await estate.authorities())
    .filter(({ profile }) => profile === "issuing-dca")
    .map(({ state, reserved }) => `${state} ${String(reserved)}`);

/** How many Device Certificates each Issuing DCA has issued. */
async function issuedByEach(): Promise<number[]> {
  const dcas = (await estate.authorities()).filter(({ profile }) => profile === "issuing-dca");
  return Promise.all(
    dcas.map(async ({ id }) => {
      const query = { authorityId: id, kind: "device", limit: 1_000 } as const;
      return (await estate.database.read((tx) => findCertificates(tx, query))).length;
    }),
  );
}

async function issueUnder(cap: IssuingCap, count: number): Promise<number> {
  const batch = await estate.submit(estate.manufacturer, "device", makeDeviceCsrs(count));
  expect(await estate.work(batch, { deviceCap: cap })).toEqual(["finished"]);
  const outcomes = await estate.outcomes(batch);
  expect(new Set(words(outcomes))).toEqual(new Set(["issued"]));
  return issuedSerialNumbers(outcomes).length;
}

describe("an Issuing DCA at its cap", () => {
  test("hands over between two signatures: a chunk that crosses the cap ends under the next", async () => {
    estate = await issuingEstate({ stockSize: 3, released: 3 });
    await issueUnder(capOf(10), 7);
    await issueUnder(capOf(10), 8);
    expect(await standing()).toEqual(["retired 10", "active 5", "released 0"]);
    expect(await issuedByEach()).toEqual([10, 5, 0]);
    expect(await estate.verify()).toMatchObject({ holds: true });
  });

  test("may be passed and another filled by one chunk; the ledger tells of each", async () => {
    estate = await issuingEstate({ stockSize: 4, released: 4 });
    await issueUnder(capOf(4), 13);
    expect(await standing()).toEqual(["retired 4", "retired 4", "retired 4", "active 1"]);
    const told = async (kind: string) =>
      (await estate.actsOf(kind)).map(({ subject }) => subject["authority"]);
    const inTurn = (await estate.authorities()).map(({ id }) => id).filter((id) => id.includes("/"));
    expect(await told("authority.activated")).toEqual(inTurn);
    expect(await told("authority.retired")).toEqual(inTurn.slice(0, 3));
  });

  test("is never exceeded by workers at the same time, and each CA is filled before the next begins", async () => {
    estate = await issuingEstate({ stockSize: 8, released: 8 });
    const cap = capOf(10);
    const batches = await Promise.all(
      Array.from({ length: 10 }, () => estate.submit(estate.manufacturer, "device", makeDeviceCsrs(7))),
    );
    const chunks = (await Promise.all(batches.map((batch) => estate.chunksOf(batch)))).flat();
    const again = async (chunk: number): Promise<void> => {
      // A plan that went stale too often is left to the next round, as a worker would.
      await workChunk(estate.issuing({ deviceCap: cap }), chunk).catch((error: unknown) => {
        expect(error).toMatchObject({ code: "ISSUING_PLAN_STALE" });
        return again(chunk);
      });
    };
    await Promise.all(chunks.map(again));
    expect((await issuedByEach()).slice(0, 7)).toEqual([10, 10, 10, 10, 10, 10, 10]);
    for (const line of await standing()) expect(Number(line.split(" ")[1])).toBeLessThanOrEqual(10);
    expect(await estate.verify()).toMatchObject({ holds: true });
  });

  test("by age: past it no further certificate, however few it has issued", async () => {
    estate = await issuingEstate({ stockSize: 2, released: 2 });
    await issueUnder(deviceCap, 1);
    estate.clock.set(new Date("2026-09-01T11:59:00Z"));
    await issueUnder(deviceCap, 1);
    expect(await standing()).toEqual(["active 2", "released 0"]);
    estate.clock.set(new Date("2026-09-01T12:00:02Z"));
    await issueUnder(deviceCap, 1);
    expect(await standing()).toEqual(["retired 2", "active 1"]);
  });
});

describe("with no released Issuing DCA left", () => {
  test("Device CSRs wait, unreleased stock never signs, others go on; after a release they are issued", async () => {
    estate = await issuingEstate({ stockSize: 2, released: 0 });
    const batch = await estate.submit(estate.manufacturer, "device", makeDeviceCsrs(3));
    expect(await estate.work(batch)).toEqual(["waiting"]);
    expect(await issuedByEach()).toEqual([0, 0]);
    expect(await standing()).toEqual(["stock 0", "stock 0"]);
    const organisation = await estate.issue(estate.supplier, "organisation", [makeOrganisationCsr()]);
    expect(words(organisation)).toEqual(["issued"]);

    const look = () =>
      estate.database.read((tx) => authorityStanding(tx, rulebookFor("response"), estate.clock.read()));
    expect((await look()).warnings).toEqual(
      expect.arrayContaining([
        expect.stringContaining("No Issuing DCA is released: Device CSRs wait."),
        expect.stringContaining("make more with `smki ceremony stock`"),
      ]),
    );
    await release(estate, 1);
    expect(await estate.work(batch)).toEqual(["finished"]);
    expect(words(await estate.outcomes(batch))).toEqual(["issued", "issued", "issued"]);
    expect(await standing()).toEqual(["active 3", "stock 0"]);
    expect((await look()).warnings.join()).not.toContain("Device CSRs wait");
  });

  test("a chunk larger than the room that is left waits whole: nothing of it is recorded", async () => {
    estate = await issuingEstate({ stockSize: 2, released: 1 });
    await issueUnder(capOf(5), 3);
    const batch = await estate.submit(estate.manufacturer, "device", makeDeviceCsrs(4));
    expect(await estate.work(batch, { deviceCap: capOf(5) })).toEqual(["waiting"]);
    expect(await standing()).toEqual(["active 3", "stock 0"]);
    await release(estate, 1);
    expect(await estate.work(batch, { deviceCap: capOf(5) })).toEqual(["finished"]);
    expect(await issuedByEach()).toEqual([5, 2]);
  });
});

describe("an Issuing DCA that is revoked", () => {
  const revoke = (authorityId: string) =>
    revokeAuthority(estate.room(), sampleSitting, { authorityId, reason: "cACompromise" });

  test("signs nothing more: the next takes over", async () => {
    estate = await issuingEstate({ stockSize: 2, released: 2 });
    await issueUnder(deviceCap, 2);
    estate.clock.advance(seconds);
    await revoke("issuing-dca/0001");
    await issueUnder(deviceCap, 2);
    expect(await standing()).toEqual(["revoked 2", "active 2"]);
    expect(await issuedByEach()).toEqual([2, 2]);
  });

  test("has what it had still to sign withdrawn: the chunk is prepared again under the next", async () => {
    estate = await issuingEstate({ stockSize: 2, released: 2 });
    const batch = await estate.submit(estate.manufacturer, "device", [
      ...makeDeviceCsrs(2),
      Buffer.from("no CSR"),
    ]);
    const [chunk = 0] = await estate.chunksOf(batch);
    let isRevoked = false;
    const authority = estate.issuing({
      // Signed and compared, about to be published.
      afterStep: async (step) => {
        if (step !== "compare" || isRevoked) return;
        isRevoked = true;
        await revoke("issuing-dca/0001");
      },
    });
    expect(await workChunk(authority, chunk)).toBe("finished");
    expect(words(await estate.outcomes(batch))).toEqual(["issued", "issued", "CSR_MALFORMED"]);
    expect(await issuedByEach()).toEqual([0, 2]);
    expect(await estate.actsOf("certificates.withdrawn")).toMatchObject([
      { subject: { chunk, authority: "issuing-dca/0001", count: 2 } },
    ]);
    expect(await estate.verify()).toMatchObject({ holds: true, openEntries: 0 });
  });

  test("in the middle of a chunk that two CAs share loses its part only", async () => {
    estate = await issuingEstate({ stockSize: 3, released: 3 });
    const cap = capOf(2);
    const batch = await estate.submit(estate.manufacturer, "device", makeDeviceCsrs(3));
    const [chunk = 0] = await estate.chunksOf(batch);
    const stop = new Error("stopped");
    await expect(
      workChunk(
        estate.issuing({
          deviceCap: cap,
          afterStep: (step) => {
            if (step === "record") throw stop;
          },
        }),
        chunk,
      ),
    ).resolves.toBe("held");
    await revoke("issuing-dca/0001");
    await estate.database.transaction((tx) => resumeChunk(tx, operator, chunk, estate.clock.read()));
    expect(await estate.work(batch, { deviceCap: cap })).toEqual(["finished"]);
    expect(words(await estate.outcomes(batch))).toEqual(["issued", "issued", "issued"]);
    expect((await issuedByEach())[0]).toBe(0);
    expect(await estate.verify()).toMatchObject({ holds: true });
  });
});

test("the stock that a later ceremony made takes its turn after what was there", async () => {
  estate = await issuingEstate({ stockSize: 1, released: 1 });
  await extendStock(estate.room(), sampleSitting, 1);
  await release(estate, 1);
  await issueUnder(capOf(1), 2);
  expect(await standing()).toEqual(["retired 1", "active 1"]);
  expect(words(await estate.issue(estate.manufacturer, "device", [makeDeviceCsr()]))).toEqual(["issued"]);
});
