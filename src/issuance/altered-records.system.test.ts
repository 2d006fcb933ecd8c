import { type RawBuilder, sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seconds } from "../authorities/ceremony/estate.testkit.ts";
import { hierarchyTerms, rules } from "../authorities/ceremony/terms.testkit.ts";
import { publishListIfDue } from "../authorities/revocation/publish-list.ts";
import { requestRevocation } from "../authorities/revocation/request-revocation.ts";
import { markNotInUse } from "../authorities/revocation/revoke.ts";
import type { SerialNumber } from "../certificates/index.ts";
import { setCertificateLimit } from "../devices/certificate-limit.ts";
import { putDevice } from "../devices/inventory.ts";
import {
  type IssuingEstate,
  issuedSerialNumbers,
  issuingEstate,
  makeDeviceCsr,
  makeOrganisationCsr,
  nextDevice,
  operator,
} from "./issuance.testkit.ts";

let estate: IssuingEstate;
let revoked: SerialNumber;
let good: SerialNumber;
let unused: SerialNumber;
const device = nextDevice();
beforeAll(async () => {
  estate = await issuingEstate({ stockSize: 2 });
  [revoked = expect.fail(), good = expect.fail()] = issuedSerialNumbers(
    await estate.issue(estate.supplier, "organisation", [makeOrganisationCsr(), makeOrganisationCsr()]),
  );
  [unused = expect.fail()] = issuedSerialNumbers(
    await estate.issue(estate.manufacturer, "device", [makeDeviceCsr()]),
  );
  const at = estate.clock.read();
  if (estate.network.kind !== "credential") return expect.fail();
  const { serialNumber: credential } = estate.network;
  await estate.database.transaction(async (tx) => {
    await requestRevocation(tx, estate.supplier, revoked, "keyCompromise", at);
    await requestRevocation(tx, operator, credential, "privilegeWithdrawn", at);
    await putDevice(tx, operator, { deviceId: device, deviceType: "CHF", smiStatus: "Pending" }, rules, at);
    await setCertificateLimit(tx, operator, device, { certificates: 120, reason: "a test meter" }, at);
    await markNotInUse(tx, { serialNumber: unused, reason: "rejected", reportedBy: "test" }, at);
  });
  await publishCrl();
});
afterAll(() => estate.end());

async function publishCrl() {
  const authority = await estate.authority("issuing-oca");
  const schedule = hierarchyTerms(2).crlOf("issuing-oca");
  estate.clock.advance(13 * 3_600 * seconds);
  return estate.database.transaction((tx) =>
    publishListIfDue(tx, estate.operationalSigner, authority, schedule, {
      clock: estate.clock.read,
      toleranceSeconds: 0,
    }),
  );
}

/** Alters rows, looks, and puts them back as they were. */
async function altered<Result>(
  table:
    | "revocation"
    | "iki_credential"
    | "certification_authority"
    | "certificate_revocation_list"
    | "certificate_not_in_use"
    | "device"
    | "party"
    | "party_role"
    | "authorised_subscriber"
    | "device_certificate_limit",
  change: RawBuilder<unknown>,
  look: () => Promise<Result>,
): Promise<Result> {
  const name = sql.table(table);
  const run = (statement: RawBuilder<unknown>) => estate.database.transaction((tx) => statement.execute(tx));
  await run(sql`create table as_it_was as table ${name}`);
  try {
    await run(change);
    return await look();
  } finally {
    await estate.database.transaction(async (tx) => {
      // Other tables refer to it; nothing of theirs is lost.
      await sql`set local session_replication_role = replica`.execute(tx);
      await sql`delete from ${name}`.execute(tx);
      await sql`insert into ${name} overriding system value select * from as_it_was`.execute(tx);
      await sql`drop table as_it_was`.execute(tx);
    });
  }
}

const octets = (identifier: string) => Buffer.from(identifier, "hex");
const findings = async () => (await estate.verify()).findings.map(({ kind, what }) => `${kind}: ${what}`);

test("nothing is found where nothing was altered", async () => {
  expect(await estate.verify()).toMatchObject({ holds: true, findings: [] });
});

describe("a revocation that was deleted by hand", () => {
  const deletion = () => sql`delete from revocation where serial_number = ${octets(revoked)}`;
  test("is found by verification", async () => {
    expect(await altered("revocation", deletion(), findings)).toEqual([
      expect.stringContaining(`record-missing: the revocation of certificate ${revoked} is not held`),
    ]);
  });
  test("stops the CA's list: none is signed that lacks what the current one has", async () => {
    await expect(altered("revocation", deletion(), publishCrl)).rejects.toMatchObject({
      code: "LIST_WOULD_SHRINK",
      details: { authority: "issuing-oca", serialNumber: revoked },
    });
    expect(await publishCrl()).toMatchObject({ entries: 1 });
  });
  test("stops it as well when another stands in its place, so that the count is the same", async () => {
    const exchange = sql`update revocation set serial_number = ${octets(good)} where serial_number = ${octets(revoked)}`;
    await expect(altered("revocation", exchange, publishCrl)).rejects.toMatchObject({
      code: "LIST_WOULD_SHRINK",
    });
  });
});

describe("a revocation with another reason", () => {
  const change = () =>
    sql`update revocation set reason = 'superseded' where serial_number = ${octets(revoked)}`;
  test("is found by verification, and so is each list that cannot be made again with it", async () => {
    // List 2 was the first to have it. The current list is kept as it is.
    expect(await altered("revocation", change(), findings)).toEqual([
      expect.stringContaining(`record-altered: the revocation of certificate ${revoked}`),
      expect.stringContaining("record-altered: list 2 of issuing-oca"),
    ]);
  });
  test("stops the CA's list: none is signed on what is not what the CA signed last", async () => {
    await expect(altered("revocation", change(), publishCrl)).rejects.toMatchObject({
      code: "LIST_REVOCATIONS_ALTERED",
      details: { authority: "issuing-oca" },
    });
  });
});

describe("verification finds", () => {
  test.each(["signature", "this_update", "next_update"] as const)(
    "a list that cannot be made again, since its %s was altered",
    async (column) => {
      const to =
        column === "signature" ? sql`signature || '\\x00'` : sql`${sql.ref(column)} + interval '1 s'`;
      const change = sql`update certificate_revocation_list set ${sql.ref(column)} = ${to}
        where authority_id = 'issuing-oca' and number = 1`;
      expect(await altered("certificate_revocation_list", change, findings)).toEqual([
        expect.stringContaining("record-altered: list 1 of issuing-oca"),
      ]);
    },
  );

  test.each([
    [
      "a revocation that nobody asked for",
      "revocation",
      () =>
        sql`insert into revocation values (${octets(good)}, 'issuing-oca', now(), 'superseded', 'nobody')`,
      "record-without-leaf: the revocation of certificate",
    ],
    [
      "a CA of the stock that nobody released",
      "certification_authority",
      () => sql`update certification_authority set state = 'released' where id = 'issuing-dca/0002'`,
      "record-without-leaf: the state of CA issuing-dca/0002",
    ],
    [
      "a CA that stands in another state than its last act says",
      "certification_authority",
      () => sql`update certification_authority set state = 'stock' where id = 'issuing-dca/0001'`,
      "record-altered: the state of CA issuing-dca/0001 is held as stock, and the act says active",
    ],
    [
      "a CA with a certificate that is not its own",
      "certification_authority",
      () => sql`update certification_authority set certificate = '\\x00' where id = 'root-oca'`,
      "record-altered: CA root-oca has another certificate than was issued to it",
    ],
    [
      "a credential that was ended and lives again",
      "iki_credential",
      () => sql`update iki_credential set ended_at = null`,
      "record-altered: credential",
    ],
    [
      "a credential that changed its Party",
      "iki_credential",
      () =>
        sql`update iki_credential set party_id = ${estate.parties.manufacturer} where ended_at is not null`,
      "record-altered: credential",
    ],
    [
      "a list with other octets than were published",
      "certificate_revocation_list",
      () =>
        sql`update certificate_revocation_list set list = '\\x00' where authority_id = 'issuing-oca' and number = 1`,
      "record-altered: list 1 of issuing-oca",
    ],
    [
      "a list that is gone",
      "certificate_revocation_list",
      () => sql`delete from certificate_revocation_list where authority_id = 'root-oca'`,
      "record-missing: list 1 of root-oca is not held",
    ],
    [
      "a mark that is gone",
      "certificate_not_in_use",
      () => sql`delete from certificate_not_in_use`,
      'record-missing: the mark "not in use" of certificate',
    ],
  ] as const)("%s", async (_, table, change, expected) => {
    expect(await altered(table, change(), findings)).toEqual([expect.stringContaining(expected)]);
  });
});

describe("what a Party may do is compared with its acts", () => {
  test.each([
    [
      "a Party that became another kind of Party",
      "party",
      () => sql`update party set categories = '{dcc}' where id = ${estate.parties.manufacturer}`,
      'is held as ["dcc"], and the act says ["manufacturer"]',
    ],
    [
      "a role that nobody allocated",
      "party_role",
      () => sql`insert into party_role values (${estate.parties.manufacturer}, 2)`,
      "record-altered: the registration of Party",
    ],
    [
      "an approval that nobody gave",
      "authorised_subscriber",
      () =>
        sql`insert into authorised_subscriber values (${estate.parties.manufacturer}, 'organisation', now())`,
      "record-without-leaf: the approval of Party",
    ],
    [
      "an approval that is gone",
      "authorised_subscriber",
      () => sql`delete from authorised_subscriber where party_id = ${estate.parties.manufacturer}`,
      "record-missing: the approval of Party",
    ],
  ] as const)("%s", async (_, table, change, expected) => {
    expect(await altered(table, change(), findings)).toEqual([expect.stringContaining(expected)]);
  });
});

describe("what decides on the certificates of Devices", () => {
  test("is compared with its acts: the inventory", async () => {
    const taken = sql`update device set smi_status = 'Commissioned' where device_id = ${octets(device)}`;
    expect(await altered("device", taken, findings)).toEqual([
      expect.stringMatching(/^record-altered: what change \d+ of the inventory says of Device /),
    ]);
  });

  test.each([
    ["deleted", "record-missing", sql`delete from device_certificate_limit`],
    ["raised", "record-altered", sql`update device_certificate_limit set certificates = 500`],
    ["given another reason", "record-altered", sql`update device_certificate_limit set reason = 'none'`],
  ])("and the limit of a single one: %s", async (_, kind, change) => {
    expect(await altered("device_certificate_limit", change, findings)).toEqual([
      expect.stringMatching(`^${kind}: the limit on certificates of Device ${device} is`),
    ]);
  });
});
