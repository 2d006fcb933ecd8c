import { afterAll, beforeAll, expect, test } from "vitest";
import { seconds } from "../authorities/ceremony/estate.testkit.ts";
import { hierarchyTerms } from "../authorities/ceremony/terms.testkit.ts";
import { currentListOf } from "../authorities/certificates.ts";
import { type ListMaking, listSteps, publishDueList } from "../authorities/revocation/publish-list.ts";
import { revokeCertificate } from "../authorities/revocation/revoke.ts";
import { parseCrl, readCrlFields, type SerialNumber } from "../certificates/index.ts";
import { databaseFaults, faultyDatabase } from "../database/testkit/faulty-database.ts";
import { SmkiError } from "../errors/smki-error.ts";
import { faultySigner, signingFaults } from "../keys/testkit/faulty-signer.ts";
import {
  type IssuingEstate,
  issuedSerialNumbers,
  issuingEstate,
  makeOrganisationCsr,
} from "./issuance.testkit.ts";

const authorityId = "issuing-oca";
const schedule = hierarchyTerms(1).crlOf("issuing-oca");

let estate: IssuingEstate;
/** Certificates that may still be revoked. */
let left: SerialNumber[] = [];
let revoked = 0;
beforeAll(async () => {
  estate = await issuingEstate();
  const csrs = Array.from({ length: 40 }, () => makeOrganisationCsr());
  left = issuedSerialNumbers(await estate.issue(estate.supplier, "organisation", csrs));
});
afterAll(() => estate.end());

async function revokeSomething(): Promise<void> {
  const serialNumber = left.pop() ?? expect.fail("more certificates are needed");
  const request = { serialNumber, reason: "superseded", requestedBy: "operator:test" } as const;
  await estate.database.transaction((tx) => revokeCertificate(tx, request, estate.clock.read()));
  revoked += 1;
}

const current = async () => {
  const list = await estate.database.read((tx) => currentListOf(tx, authorityId));
  return {
    number: list?.number ?? 0,
    entries: list === undefined ? 0 : readCrlFields(parseCrl(list.list)).revoked.length,
  };
};

/** Makes the list that is due with something that fails once, then as on any day. @returns whether the failure came */
async function failThenPublish(changes: Partial<ListMaking>, hasFailed: () => boolean): Promise<boolean> {
  estate.clock.advance(seconds);
  await revokeSomething();
  const before = await current();
  const making = {
    database: estate.database,
    signer: estate.operationalSigner,
    clock: estate.clock.read,
    toleranceSeconds: 5,
  };
  const authority = await estate.authority(authorityId);
  const first = await publishDueList({ ...making, ...changes }, authority, schedule).catch(
    (error: unknown) => error,
  );
  if (hasFailed()) expect(first).toMatchObject({ code: expect.stringMatching(/UNAVAILABLE$/) as string });
  await publishDueList(making, authority, schedule);
  // One list for one revocation, whether the first attempt took place or not.
  expect(await current()).toEqual({ number: before.number + 1, entries: revoked });
  return hasFailed();
}

test.each(listSteps)(
  "a failure at the step %s leaves the list to the next attempt, or made",
  async (step) => {
    let failures = 0;
    const afterStep = (reached: string) => {
      if (reached !== step || failures > 0) return;
      failures += 1;
      throw new SmkiError("KEY_STORE_UNAVAILABLE");
    };
    expect(await failThenPublish({ afterStep }, () => failures > 0)).toBe(true);
  },
);

test.each(databaseFaults.filter((fault) => fault !== "read"))(
  "every %s of a list fails once: its number rises by one all the same",
  async (fault) => {
    let number = 1;
    for (; ; number += 1) {
      const { database, hasFailed } = faultyDatabase(estate.database, fault, number);
      if (!(await failThenPublish({ database }, hasFailed))) break;
    }
    expect(number - 1).toBeGreaterThanOrEqual(1);
  },
);

test.each(signingFaults)("a signature that fails, %s, publishes nothing", async (fault) => {
  const { signer, hasFailed } = faultySigner(estate.operationalSigner, 1, fault);
  expect(await failThenPublish({ signer }, hasFailed)).toBe(true);
});
