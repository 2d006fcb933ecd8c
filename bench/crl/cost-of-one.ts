import { sql } from "kysely";
import { requestRevocation } from "../../src/authorities/revocation/request-revocation.ts";
import { lodgeFiller } from "../../src/authorities/testkit/filler.ts";
import { normaliseSerialNumber } from "../../src/certificates/index.ts";
import type { Principal } from "../../src/registration/principal.ts";
import { median } from "../report/measurement.ts";
import { oneAfterAnother } from "../single-issue/latencies.ts";
import { type ListDesk, publish, reserveFiller } from "./prepare.ts";

/** What single things cost at one size of the list, in milliseconds, each the median of many. */
export interface CostOfOne {
  /** From the request to its durable revocation. */
  readonly revocation: number;
  /** A transaction that writes one row, in turns with the revocations: none can be faster. */
  readonly commit: number;
  /** What a worker asks each second when no list is due. */
  readonly question: number;
}

/** How many certificates {@link costOfOne} revokes. */
export const revokedForCost = 400;

/** Makes the table that a single commit writes to. */
export async function prepareCommits({ estate }: ListDesk): Promise<void> {
  await estate.database.transaction((tx) => sql`create table bench_commit (step text not null)`.execute(tx));
}

/** Measures with the list as long as it is now. */
export async function costOfOne(desk: ListDesk, operator: Principal): Promise<CostOfOne> {
  const { database } = desk.estate;
  // As autovacuum leaves them within a minute.
  for (const table of ["revocation", "certificate", "certificate_revocation_list"])
    await database.read((tx) => sql`vacuum analyze ${sql.table(table)}`.execute(tx));
  const question = await oneAfterAnother(revokedForCost, async () => {
    if ((await publish(desk)) !== undefined) throw new Error("a list was due");
  });
  const from = reserveFiller(revokedForCost);
  const serials = await database.transaction((tx) =>
    lodgeFiller(tx, desk.authority.id, from, revokedForCost, desk.now()),
  );
  const commits: number[] = [];
  const revocations: number[] = [];
  for (const serial of serials) {
    const serialNumber = normaliseSerialNumber(serial);
    // In turns, so that whatever else the machine does meets both alike.
    commits.push(
      ...(await oneAfterAnother(1, async () => {
        await database.transaction((tx) => sql`insert into bench_commit values ('one')`.execute(tx));
      })),
    );
    revocations.push(
      ...(await oneAfterAnother(1, async () => {
        await database.transaction((tx) =>
          requestRevocation(tx, operator, serialNumber, "superseded", desk.now()),
        );
      })),
    );
  }
  return { revocation: median(revocations), commit: median(commits), question: median(question) };
}
