import { sql } from "kysely";
import { describe, expect, test } from "vitest";
import { bindEstate, readEstate } from "./estate.ts";
import { withTestDatabase } from "./testkit.ts";

const founding = new Date("2026-01-05T09:00:00Z");
const later = new Date("2027-01-05T09:00:00Z");

describe("an estate", () => {
  test("is bound at its first start, and found unchanged at every later one", async () => {
    await withTestDatabase(async (database) => {
      expect(await database.read(readEstate)).toBeUndefined();
      const estate = await database.transaction((tx) => bindEstate(tx, "test", founding, "draft"));
      expect(estate).toEqual({ environment: "test", edition: "draft", createdAt: founding });
      expect(await database.transaction((tx) => bindEstate(tx, "test", later, "response"))).toEqual(estate);
    });
  });

  test.each([
    ["test", "live"],
    ["live", "test"],
  ] as const)("that is %s is refused to %s, for ever", async (first, second) => {
    await withTestDatabase(async (database) => {
      await database.transaction((tx) => bindEstate(tx, first, founding));
      await expect(database.transaction((tx) => bindEstate(tx, second, later))).rejects.toMatchObject({
        code: "ESTATE_ENVIRONMENT_MISMATCH",
        details: { database: first, settings: second },
      });
    });
  });

  test("that two first starts claim at once is the first one's", async () => {
    await withTestDatabase(async (database) => {
      const claims = await Promise.allSettled(
        (["test", "live"] as const).map((environment) =>
          database.transaction((tx) => bindEstate(tx, environment, founding)),
        ),
      );
      expect(claims.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    });
  });

  test.each(["update estate set environment = 'live'", "delete from estate", "truncate estate"])(
    "cannot be changed by hand: %s",
    async (statement) => {
      await withTestDatabase(async (database) => {
        await database.transaction((tx) => bindEstate(tx, "test", founding));
        await expect(database.transaction((tx) => sql.raw(statement).execute(tx))).rejects.toMatchObject({
          code: "DATABASE_FAILED",
        });
        expect(await database.read(readEstate)).toMatchObject({ environment: "test" });
      });
    },
  );
});
