import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seconds } from "../authorities/ceremony/estate.testkit.ts";
import { hierarchyTerms } from "../authorities/ceremony/terms.testkit.ts";
import { publishDueList } from "../authorities/revocation/publish-list.ts";
import { requestRevocation } from "../authorities/revocation/request-revocation.ts";
import { lodgeRevokedFiller } from "../authorities/testkit/filler.ts";
import { encodePem, lintCrl, parseCertificate, parseCrl } from "../certificates/index.ts";
import {
  type IssuingEstate,
  issuedSerialNumbers,
  issuingEstate,
  makeOrganisationCsr,
} from "./issuance.testkit.ts";

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
const filler = 99_999;
const oca = "issuing-oca";

let estate: IssuingEstate;
beforeAll(async () => {
  estate = await issuingEstate();
});
afterAll(() => estate.end());

const openssl = (...args: string[]) =>
  execFileSync("openssl", args, { cwd: estate.folder, encoding: "utf8", stdio: "pipe", maxBuffer: 2 ** 26 });
const file = (name: string, content: string | Buffer) => {
  writeFileSync(join(estate.folder, name), content);
};

describe.skipIf(!hasOpenssl)("A list of 100,000 entries [needs openssl]", () => {
  test("is read by OpenSSL as it is meant, refuses whom it names and nobody else", async () => {
    const [good = expect.fail(), revoked = expect.fail()] = issuedSerialNumbers(
      await estate.issue(estate.supplier, "organisation", [makeOrganisationCsr(), makeOrganisationCsr()]),
    );
    await estate.database.transaction(async (tx) => {
      await lodgeRevokedFiller(tx, oca, 1, filler, estate.clock.read());
      await requestRevocation(tx, estate.supplier, revoked, "keyCompromise", estate.clock.read());
    });
    estate.clock.advance(seconds);
    const authority = await estate.authority(oca);
    const list = await publishDueList(
      {
        database: estate.database,
        signer: estate.operationalSigner,
        clock: estate.clock.read,
        toleranceSeconds: 0,
      },
      authority,
      hierarchyTerms(1).crlOf(oca),
    );
    if (list === undefined) return expect.fail();
    expect(lintCrl(parseCrl(list.list), { issuer: parseCertificate(authority.certificate) })).toEqual([]);

    file("large.der", list.list);
    const text = openssl("crl", "-inform", "DER", "-in", "large.der", "-noout", "-text");
    expect(text.match(/^ {4}Serial Number: /gm)).toHaveLength(filler + 1);
    const said = openssl("crl", "-inform", "DER", "-in", "large.der", "-noout", "-crlnumber").trim();
    expect(Number.parseInt(/^crlNumber=(?:0x)?([0-9A-F]+)$/.exec(said)?.[1] ?? "", 16)).toBe(list.number);
    expect(text).toContain(`Serial Number: ${revoked.toUpperCase()}`);

    for (const { id, certificate } of await estate.authorities())
      if (id.endsWith("-oca")) file(`${id}.pem`, encodePem(certificate));
    file("large.crl", openssl("crl", "-inform", "DER", "-in", "large.der"));
    const at = String(Math.floor(estate.clock.read().getTime() / 1_000));
    const chain = ["-CAfile", "root-oca.pem", "-untrusted", `${oca}.pem`, "-attime", at];
    const verify = async (serialNumber: typeof good) => {
      file("end.pem", encodePem((await estate.certificate(serialNumber)).certificate));
      const args = ["verify", "-x509_strict", "-crl_check", "-CRLfile", "large.crl", ...chain, "end.pem"];
      const { status, stdout, stderr } = spawnSync("openssl", args, { cwd: estate.folder, encoding: "utf8" });
      return { status, said: stdout + stderr };
    };
    expect(await verify(good)).toEqual({ status: 0, said: "end.pem: OK\n" });
    const refusal = await verify(revoked);
    expect(refusal.status).not.toBe(0);
    expect(refusal.said).toContain("certificate revoked");
  });
});
