import fc from "fast-check";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { byteaArray, int8Array } from "./binary-arrays.ts";
import { type TestDatabase, testDatabase } from "./testkit.ts";

let kit: TestDatabase;
beforeAll(async () => {
  kit = await testDatabase();
});
afterAll(() => kit.drop());

/** What the server makes of the array. */
const received = (array: Buffer, type: string): Promise<unknown[]> =>
  kit.database.read(async (tx) => {
    const { rows } = await sql<{ value: unknown }>`
      select value from unnest(${array}::${sql.raw(type)}[]) with ordinality as element (value, place) order by place`.execute(
      tx,
    );
    return rows.map(({ value }) => value);
  });

const listOf = <Value>(values: fc.Arbitrary<Value>) =>
  fc.array(fc.option(values, { freq: 5 }), { maxLength: 50 });
const octets = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));

describe("a binary array is to PostgreSQL what the list is to us", () => {
  const kinds = [
    ["bytea", listOf(octets), byteaArray],
    ["int8", listOf(fc.maxSafeInteger()), int8Array],
  ] as const;
  test.each(kinds)("%s, empty, with nulls, or with any value", async (type, lists, encode) => {
    const roundTrip = async (list: readonly unknown[]) => {
      const array = (encode as (values: readonly unknown[]) => Buffer)(list);
      expect(await received(array, type)).toEqual(list);
    };
    await roundTrip([]);
    await roundTrip([null]);
    await fc.assert(fc.asyncProperty(lists as fc.Arbitrary<unknown[]>, roundTrip), { numRuns: 60 });
  });

  test("the greatest and least bigint are taken as they are", async () => {
    const extremes = int8Array([2n ** 63n - 1n, -(2n ** 63n)]);
    const { rows } = await kit.database.read((tx) =>
      sql<{ value: string }>`select (${extremes}::int8[])::text as value`.execute(tx),
    );
    expect(rows).toEqual([{ value: "{9223372036854775807,-9223372036854775808}" }]);
  });
});

describe("what does not fit is refused before it is sent", () => {
  test.each([
    ["an int8 beyond 64 bits", () => int8Array([2n ** 63n])],
    ["an int8 that is no integer", () => int8Array([1.5])],
  ])("%s", (_what, encode) => {
    expect(encode).toThrow(RangeError);
  });
});

test("an array of another element type than the cast is refused by the server", async () => {
  await expect(received(int8Array([1]), "int4")).rejects.toMatchObject({ code: "DATABASE_FAILED" });
});
