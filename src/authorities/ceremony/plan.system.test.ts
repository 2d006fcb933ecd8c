import { afterAll, beforeAll, expect, test } from "vitest";
import { readCeremony } from "./account.ts";
import type { CeremonyOrder } from "./ceremony-order.ts";
import { foundedEstate, sampleSitting, type TestEstate } from "./estate.testkit.ts";
import { holdCeremony } from "./hold.ts";
import { planCeremony } from "./plan.ts";
import { purposes } from "./purposes.ts";

let estate: TestEstate;
beforeAll(async () => {
  estate = await foundedEstate({ stockSize: 2, released: 0 });
});
afterAll(() => estate.end());

/** The steps that a ceremony's script names, and those that its journal has. */
async function plannedAndDone(id: number) {
  const account = await estate.database.read((tx) => readCeremony(tx, id));
  const { authorities, parts } = planCeremony(account.order, estate.room().terms);
  return {
    planned: parts.flatMap(({ steps }) => steps.map(({ name }) => name)),
    done: account.steps.map(({ name }) => name),
    plannedAuthorities: authorities.map(({ id, name }) => `${id} ${name}`).toSorted(),
    madeAuthorities: account.authorities.map(({ id, name }) => `${id} ${name}`).toSorted(),
  };
}

test("a founding does what its script says, step by step, under the same names", async () => {
  const { planned, done, plannedAuthorities, madeAuthorities } = await plannedAndDone(1);
  expect(done).toEqual(planned);
  expect(madeAuthorities).toEqual(plannedAuthorities);
});

test.each<CeremonyOrder>([
  { purpose: "stock", count: 2 },
  { purpose: "arl" },
  { purpose: "revoke", authorityId: "issuing-dca/0002", reason: "superseded" },
  { purpose: "revoke", authorityId: "issuing-oca", reason: "superseded" },
  { purpose: "replace", authorityId: "issuing-oca", name: "Z3" },
])("so does a ceremony for $purpose", async (order) => {
  const { id } = await holdCeremony(estate.room(), purposes[order.purpose], order, sampleSitting);
  const { planned, done, plannedAuthorities, madeAuthorities } = await plannedAndDone(id);
  // The lists of several CAs are signed in the order of their names.
  expect(done.toSorted()).toEqual(planned.toSorted());
  expect(madeAuthorities).toEqual(plannedAuthorities);
});
