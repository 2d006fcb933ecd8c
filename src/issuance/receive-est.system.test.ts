import { afterAll, beforeAll, expect, test } from "vitest";
import { type IssuingEstate, issuingEstate, makeDeviceCsr } from "./issuance.testkit.ts";
import { receiveEst } from "./receive-est.ts";

let estate: IssuingEstate;
beforeAll(async () => {
  estate = await issuingEstate();
});
afterAll(() => estate.end());

const hour = 60 * 60 * 1_000;

/** Sends so many at the same moment. @returns how many were received, and the codes of the others */
async function send(count: number, allowance: number) {
  const at = estate.clock.read();
  const ends = await Promise.allSettled(
    Array.from({ length: count }, () =>
      estate.database.transaction((tx) =>
        receiveEst(tx, estate.manufacturer, { reference: "r", request: makeDeviceCsr() }, allowance, at),
      ),
    ),
  );
  return {
    received: ends.filter(({ status }) => status === "fulfilled").length,
    refused: ends.flatMap((end) =>
      end.status === "rejected" ? [(end.reason as { code: string }).code] : [],
    ),
  };
}

test("a Party has as many CSRs over EST in 24 hours as its allowance, however many it sends at once", async () => {
  expect(await send(6, 4)).toEqual({
    received: 4,
    refused: ["EST_ALLOWANCE_USED", "EST_ALLOWANCE_USED"],
  });
  estate.clock.advance(23 * hour);
  expect(await send(1, 4)).toMatchObject({ received: 0 });
  estate.clock.advance(hour);
  expect(await send(3, 4)).toMatchObject({ received: 3 });
});
