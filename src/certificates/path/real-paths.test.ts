import { describe, expect, it } from "vitest";
import { deviants, hasRealData, loadRealCertificates } from "../real-certificates.testdata.ts";
import { validatePath } from "./validate-path.ts";

const needsFolder = "[needs ../shared/data/real]";
const issuingOca = "published:CS02bSupplierBySupplierHandover_6.21_SUCCESS_COMMAND--Z1-ca";

/** The DCC never published a root's certificate, so these paths can go no further than the Issuing OCA. */
describe.skipIf(!hasRealData)(`the DCC's published certificates ${needsFolder}`, () => {
  const all = hasRealData ? loadRealCertificates() : [];
  const z1 = all.find(({ name }) => name === issuingOca)?.certificate;
  const judge = (name: string) => {
    const found = all.find((real) => real.name === name);
    if (found === undefined || z1 === undefined) throw new Error(`${name} is not there`);
    const at = new Date(found.certificate.validity.notBefore.milliseconds);
    const { checks, reason } = validatePath(found.certificate, {
      roots: [],
      pool: [z1],
      at,
      revocation: "ignored",
    });
    return { reason, failing: checks.filter((check) => !check.holds).map(({ name: check }) => check) };
  };
  const ofZ1 = all.filter(
    ({ name, certificate }) =>
      z1 !== undefined && certificate.issuer.der.equals(z1.subject.der) && deviants[name] === undefined,
  );

  it("hold up to the Issuing OCA, whose root is all that is missing", () => {
    expect(ofZ1.length).toBeGreaterThan(30);
    const others = ofZ1.filter(({ name }) => {
      const { reason, failing } = judge(name);
      return reason !== "issuer-not-found" || failing.some((check) => check !== "path");
    });
    expect(others.map(({ name }) => name)).toEqual([]);
  });

  it("and a Device Certificate's authority was never published at all", () => {
    const device = all.find(({ name }) => name.startsWith("published:00db"))?.name ?? "";
    expect(judge(device)).toEqual({ reason: "issuer-not-found", failing: ["path"] });
  });
});
