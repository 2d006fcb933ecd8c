import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seconds } from "../authorities/ceremony/estate.testkit.ts";
import { hierarchyTerms } from "../authorities/ceremony/terms.testkit.ts";
import { currentListOf } from "../authorities/certificates.ts";
import { publishListIfDue } from "../authorities/revocation/publish-list.ts";
import { requestRevocation } from "../authorities/revocation/request-revocation.ts";
import {
  type Certificate,
  type CertificateList,
  type PathOptions,
  parseCertificate,
  parseCrl,
  type SerialNumber,
  validatePath,
} from "../certificates/index.ts";
import {
  type IssuingEstate,
  issuedSerialNumbers,
  issuingEstate,
  makeDeviceCsr,
  makeOrganisationCsr,
} from "./issuance.testkit.ts";

describe("the paths of an estate", () => {
  let estate: IssuingEstate;
  let roots: Certificate[];
  let pool: Certificate[];
  beforeAll(async () => {
    estate = await issuingEstate({ stockSize: 2, released: 1 });
    const authorities = await estate.authorities();
    const isRoot = ({ id, issuerId }: { id: string; issuerId: string }) => id === issuerId;
    roots = authorities.filter(isRoot).map(({ certificate }) => parseCertificate(certificate));
    pool = authorities.map(({ certificate }) => parseCertificate(certificate));
  });
  afterAll(() => estate.end());

  async function lists(): Promise<CertificateList[]> {
    const found: CertificateList[] = [];
    for (const { id } of await estate.authorities()) {
      const list = await estate.database.read((tx) => currentListOf(tx, id));
      if (list !== undefined) found.push(parseCrl(list.list));
    }
    return found;
  }

  const validate = async (certificate: Certificate, changes: Partial<PathOptions> = {}) => {
    const options = { roots, pool, lists: await lists(), at: estate.clock.read(), ...changes };
    const { checks, reason } = validatePath(certificate, options);
    return { reason, failing: checks.filter((check) => !check.holds) };
  };

  const issued = async (serialNumbers: readonly SerialNumber[]): Promise<Certificate[]> => {
    const found: Certificate[] = [];
    for (const serial of serialNumbers)
      found.push(parseCertificate((await estate.certificate(serial)).certificate));
    return found;
  };

  it("hold for every CA of the three hierarchies, with the ARLs of their roots", async () => {
    expect(roots).toHaveLength(3);
    expect(pool.length).toBeGreaterThanOrEqual(7);
    for (const authority of pool) expect(await validate(authority)).toEqual({ failing: [] });
  });

  it("hold for Device and Organisation Certificates", async () => {
    const device = await estate.issue(estate.manufacturer, "device", [makeDeviceCsr()]);
    const organisation = await estate.issue(estate.supplier, "organisation", [
      makeOrganisationCsr({ keyUsage: "keyAgreement" }),
    ]);
    const certificates = await issued([...issuedSerialNumbers(device), ...issuedSerialNumbers(organisation)]);
    expect(certificates).toHaveLength(2);
    for (const certificate of certificates) expect(await validate(certificate)).toEqual({ failing: [] });
  });

  it("end when the Organisation Certificate is revoked and its list is published, and not before", async () => {
    const serials = issuedSerialNumbers(
      await estate.issue(estate.supplier, "organisation", [makeOrganisationCsr()]),
    );
    const [serial = expect.fail()] = serials;
    const [certificate = expect.fail()] = await issued(serials);
    const before = estate.clock.read();
    const listsBefore = await lists();
    estate.clock.advance(seconds);
    await estate.database.transaction((tx) =>
      requestRevocation(tx, estate.supplier, serial, "keyCompromise", estate.clock.read()),
    );
    const oca = await estate.authority("issuing-oca");
    await estate.database.transaction((tx) =>
      publishListIfDue(tx, estate.operationalSigner, oca, hierarchyTerms(1).crlOf("issuing-oca"), {
        clock: estate.clock.read,
        toleranceSeconds: 0,
      }),
    );
    expect((await validate(certificate)).reason).toBe("revoked");
    expect(await validate(certificate, { at: before, lists: listsBefore })).toEqual({ failing: [] });
  });
});
