import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seconds } from "../authorities/ceremony/estate.testkit.ts";
import { hierarchyTerms } from "../authorities/ceremony/terms.testkit.ts";
import { currentListOf } from "../authorities/certificates.ts";
import { publishListIfDue } from "../authorities/revocation/publish-list.ts";
import { requestRevocation } from "../authorities/revocation/request-revocation.ts";
import { encodePem, type SerialNumber } from "../certificates/index.ts";
import {
  type IssuingEstate,
  issuedSerialNumbers,
  issuingEstate,
  makeDeviceCsr,
  makeOrganisationCsr,
} from "./issuance.testkit.ts";

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

let estate: IssuingEstate;
beforeAll(async () => {
  estate = await issuingEstate({ stockSize: 2, released: 2 });
});
afterAll(() => estate.end());

const openssl = (...args: string[]) =>
  execFileSync("openssl", args, { cwd: estate.folder, encoding: "utf8", stdio: "pipe" });
const file = (name: string, content: string | Buffer) => {
  writeFileSync(join(estate.folder, name), content);
};

describe.skipIf(!hasOpenssl)("OpenSSL verifies with -x509_strict [needs openssl]", () => {
  /** Verifies files at the clock of the estate; both outputs together. */
  function verify(options: readonly string[], files: readonly string[]) {
    const at = String(Math.floor(estate.clock.read().getTime() / 1_000));
    const args = ["verify", "-x509_strict", "-attime", at, ...options, ...files];
    const { status, stdout, stderr } = spawnSync("openssl", args, { cwd: estate.folder, encoding: "utf8" });
    return { status, said: stdout + stderr };
  }
  const ok = (files: readonly string[]) => ({
    status: 0,
    said: files.map((name) => `${name}: OK\n`).join(""),
  });

  async function writeAuthorities(): Promise<void> {
    for (const { id, certificate } of await estate.authorities())
      file(`${id.replace("/", "-")}.pem`, encodePem(certificate));
  }
  /** The lists of a root and the CA under it, in one file. */
  async function writeLists(name: string, ids: readonly string[]): Promise<void> {
    const lists = await Promise.all(
      ids.map(async (id) => {
        const list = await estate.database.read((tx) => currentListOf(tx, id));
        if (list === undefined) throw new Error(`no list of ${id}`);
        file(`${name}.der`, list.list);
        return openssl("crl", "-inform", "DER", "-in", `${name}.der`);
      }),
    );
    file(name, lists.join(""));
  }
  async function writeCertificates(
    prefix: string,
    serialNumbers: readonly SerialNumber[],
  ): Promise<string[]> {
    return Promise.all(
      serialNumbers.map(async (serialNumber, index) => {
        const name = `${prefix}-${String(index)}.pem`;
        file(name, encodePem((await estate.certificate(serialNumber)).certificate));
        return name;
      }),
    );
  }

  test("Device Certificates of both usages and every Issuing DCA, without a list: Devices have none", async () => {
    const csrs = (["digitalSignature", "keyAgreement"] as const).map((keyUsage) =>
      makeDeviceCsr({ keyUsage }),
    );
    const batch = await estate.submit(estate.manufacturer, "device", csrs);
    await estate.work(batch);
    await writeAuthorities();
    const files = await writeCertificates("device", issuedSerialNumbers(await estate.outcomes(batch)));
    const chain = ["-CAfile", "root-dca.pem", "-untrusted", "issuing-dca-0001.pem"];
    expect(verify(chain, files)).toEqual(ok(files));
    const dcas = ["issuing-dca-0001.pem", "issuing-dca-0002.pem"];
    expect(verify(["-CAfile", "root-dca.pem"], dcas)).toEqual(ok(dcas));
    // Checking cannot pass by accident: under the other root it fails.
    expect(verify(["-CAfile", "root-oca.pem", "-untrusted", "issuing-dca-0001.pem"], files).status).not.toBe(
      0,
    );
  });

  test("Organisation Certificates with -crl_check_all, and refuses one that is revoked", async () => {
    const csrs = (["digitalSignature", "keyAgreement", "digitalSignature"] as const).map((keyUsage) =>
      makeOrganisationCsr({ keyUsage }),
    );
    const serialNumbers = issuedSerialNumbers(await estate.issue(estate.supplier, "organisation", csrs));
    await writeAuthorities();
    await writeLists("oca.crl", ["root-oca", "issuing-oca"]);
    const files = await writeCertificates("organisation", serialNumbers);
    const chain = [
      "-crl_check_all",
      "-CRLfile",
      "oca.crl",
      "-CAfile",
      "root-oca.pem",
      "-untrusted",
      "issuing-oca.pem",
    ];
    expect(verify(chain, files)).toEqual(ok(files));

    const [revoked = expect.fail(), ...others] = serialNumbers;
    estate.clock.advance(seconds);
    await estate.database.transaction((tx) =>
      requestRevocation(tx, estate.supplier, revoked, "keyCompromise", estate.clock.read()),
    );
    const oca = await estate.authority("issuing-oca");
    const schedule = hierarchyTerms(1).crlOf("issuing-oca");
    await estate.database.transaction((tx) =>
      publishListIfDue(tx, estate.operationalSigner, oca, schedule, {
        clock: estate.clock.read,
        toleranceSeconds: 0,
      }),
    );
    await writeLists("oca.crl", ["root-oca", "issuing-oca"]);
    const { status, said } = verify(chain, files);
    expect(status).not.toBe(0);
    expect(said).toContain("certificate revoked");
    expect(said.match(/: OK$/gm)).toHaveLength(others.length);
  });

  test("IKI Certificates, with RSA keys, with -crl_check_all", async () => {
    const { rows } = await estate.database.read(async (tx) => {
      return sql<{ serial: SerialNumber }>`
        select encode(serial_number, 'hex') as serial from certificate where kind = 'iki'`.execute(tx);
    });
    await writeAuthorities();
    await writeLists("iki.crl", ["iki-root", "iki-issuing"]);
    const files = await writeCertificates(
      "iki",
      rows.map(({ serial }) => serial),
    );
    expect(files.length).toBeGreaterThanOrEqual(3);
    const chain = ["-crl_check_all", "-CRLfile", "iki.crl", "-CAfile", "iki-root.pem"];
    expect(verify([...chain, "-untrusted", "iki-issuing.pem"], files)).toEqual(ok(files));
  });

  test("the CAs themselves against the ARLs of their roots", async () => {
    await writeAuthorities();
    const pairs = [
      ["root-oca", "issuing-oca"],
      ["iki-root", "iki-issuing"],
      ["root-dca", "issuing-dca-0001"],
    ] as const;
    for (const [root, issuing] of pairs) {
      await writeLists("arl.crl", [root]);
      const files = [`${issuing}.pem`];
      const options = ["-crl_check_all", "-CRLfile", "arl.crl", "-CAfile", `${root}.pem`];
      expect(verify(options, files)).toEqual(ok(files));
      expect(openssl("crl", "-in", "arl.crl", "-CAfile", `${root}.pem`, "-verify", "-noout")).toBe("");
    }
  });
});
