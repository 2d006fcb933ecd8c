import { sql } from "kysely";
import { expect } from "vitest";
import type { IssuingEstate } from "./issuance.testkit.ts";

/** What must hold after any crash or failure: each key certified once, no intent open, and the record agrees. */
export async function expectCertifiedOnce(estate: IssuingEstate): Promise<void> {
  const { rows } = await estate.database.read((tx) =>
    sql<{ certificates: number; keys: number; open: number }>`
      select (select count(*) from certificate where kind = 'device') as certificates,
             (select count(*) from certified_key key join certificate using (serial_number)
              where kind = 'device') as keys,
             (select count(*) from issuing_intent where published_at is null) as open`.execute(tx),
  );
  expect(rows).toMatchObject([{ keys: rows[0]?.certificates, open: 0 }]);
  expect(await estate.verify()).toMatchObject({ holds: true, openEntries: 0, findingCount: 0 });
}
