import { afterAll, beforeAll, expect, test } from "vitest";
import { sampleSitting } from "../authorities/ceremony/estate.testkit.ts";
import { holdCeremony } from "../authorities/ceremony/hold.ts";
import { purposes } from "../authorities/ceremony/purposes.ts";
import { resumeCeremony } from "../authorities/ceremony/resume.ts";
import { revokeAuthority } from "../authorities/ceremony/revoke-authority.ts";
import { rules } from "../authorities/ceremony/terms.testkit.ts";
import { currentListOf } from "../authorities/certificates.ts";
import { recordRestoration } from "../authorities/restoration.ts";
import { authorityStanding } from "../authorities/standing.ts";
import { parseCertificate, parseCrl, readCrlFields, readFields } from "../certificates/index.ts";
import {
  type IssuingEstate,
  issuedSerialNumbers,
  issuingEstate,
  makeIkiCsr,
  makeOrganisationCsr,
  operator,
  words,
} from "./issuance.testkit.ts";

let estate: IssuingEstate;
beforeAll(async () => {
  estate = await issuingEstate({ stockSize: 1 });
});
afterAll(() => estate.end());

const revoke = (authorityId: string) =>
  revokeAuthority(estate.room(), sampleSitting, { authorityId, reason: "cACompromise" });
const replace = (authorityId: string, name: string) =>
  holdCeremony(estate.room(), purposes.replace, { purpose: "replace", authorityId, name }, sampleSitting);
const fieldsOf = async (id: string) => {
  const fields = readFields(parseCertificate((await estate.authority(id)).certificate));
  return "subject" in fields ? fields : expect.fail();
};
const listOf = (id: string) => estate.database.read((tx) => currentListOf(tx, id));

test("only a revoked Issuing OCA or issuing CA of the IKI is replaced, under a name that no CA has", async () => {
  for (const id of ["issuing-oca", "root-oca", "issuing-dca/0001"])
    await expect(replace(id, "Z3")).rejects.toMatchObject({ code: "REPLACEMENT_NOT_POSSIBLE" });
  await expect(replace("issuing-oca/0002", "Z3")).rejects.toMatchObject({ code: "AUTHORITY_NOT_FOUND" });
});

test("the new CA issues what waited, has a name and a CRL of its own, and the revoked one signs nothing more", async () => {
  const waiting = await estate.submit(estate.supplier, "organisation", [makeOrganisationCsr()]);
  await revoke("issuing-oca");
  const lastList = await listOf("issuing-oca");
  expect(await estate.work(waiting)).toEqual(["waiting"]);
  const taken = (await fieldsOf("issuing-oca")).subject.commonName;
  for (const name of [taken ?? "", "", "TOOLONG", "D0ZZ", "Z/3"])
    await expect(replace("issuing-oca", name)).rejects.toMatchObject({ code: "AUTHORITY_NAME_UNUSABLE" });

  await replace("issuing-oca", "Z3");
  const { subject } = await fieldsOf("issuing-oca/0002");
  expect(subject).toEqual({ ...(await fieldsOf("issuing-oca")).subject, commonName: "Z3" });
  const list = await listOf("issuing-oca/0002");
  if (list === undefined) return expect.fail();
  expect(readCrlFields(parseCrl(list.list))).toMatchObject({ issuer: subject, number: 1n, revoked: [] });

  expect(await estate.work(waiting)).toEqual(["finished"]);
  const [serialNumber] = issuedSerialNumbers(await estate.outcomes(waiting));
  if (serialNumber === undefined) return expect.fail();
  expect((await estate.certificate(serialNumber)).authorityId).toBe("issuing-oca/0002");
  expect(words(await estate.issue(estate.supplier, "organisation", [makeOrganisationCsr()]))).toEqual([
    "issued",
  ]);
  expect((await listOf("issuing-oca"))?.number).toBe(lastList?.number);
  const { warnings } = await estate.database.read((tx) => authorityStanding(tx, rules, estate.clock.read()));
  expect(warnings.filter((warning) => warning.includes("revoked"))).toEqual([]);
  expect(await estate.verify()).toMatchObject({ holds: true, findings: [] });
});

test("a replacement that was killed is resumed to one CA", async () => {
  await revoke("iki-issuing");
  const order = { purpose: "replace", authorityId: "iki-issuing", name: "Z4" } as const;
  const point = { step: "journaling", journaled: "certify iki-issuing/0002" } as const;
  expect(await estate.inProcess(order, point)).toMatchObject({ signal: "SIGKILL" });
  await resumeCeremony(estate.room(), sampleSitting);
  const ids = (await estate.authorities()).map(({ id }) => id).filter((id) => id.startsWith("iki-issuing"));
  expect(ids).toEqual(["iki-issuing", "iki-issuing/0002"]);
  expect(words(await estate.issue(operator, "iki", [makeIkiCsr()]))).toEqual(["issued"]);
  expect(await estate.verify()).toMatchObject({ holds: true });
});

test("the replacement of a replacement has the next number, and is on no list of its predecessor's", async () => {
  await revoke("issuing-oca/0002");
  await replace("issuing-oca/0002", "Z5");
  expect((await estate.authority("issuing-oca/0003")).state).toBe("active");
  const arl = await listOf("root-oca");
  expect(readCrlFields(parseCrl(arl?.list ?? Buffer.alloc(0))).revoked).toHaveLength(2);
});

test("a number that a ceremony may have given out, and a restore knows nothing of, is not given again", async () => {
  const restored = {
    restoredAt: estate.clock.read(),
    takenAt: estate.clock.read(),
    manifest: "00".repeat(32),
  };
  const floors = { issuingDcaFloor: 0, replacementFloor: 7 };
  await estate.database.transaction((tx) => recordRestoration(tx, { ...restored, ...floors }));
  await revoke("issuing-oca/0003");
  await replace("issuing-oca/0003", "Z6");
  expect((await estate.authority("issuing-oca/0008")).state).toBe("active");
});
