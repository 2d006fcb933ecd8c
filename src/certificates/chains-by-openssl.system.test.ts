import { execFileSync, spawnSync } from "node:child_process";
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodePem } from "./certificate-file.ts";
import { oid } from "./der/index.ts";
import { readDer } from "./der/reader.ts";
import { assembleCertificate, buildTbsCertificate, type CertificateFields } from "./profiles/index.ts";
import { readSubjectPublicKeyInfo } from "./syntax/parse-certificate.ts";
import {
  createSerialNumber,
  eui64,
  remotePartyRoles,
  rsaSubjectKeyIdentifier,
  subjectKeyIdentifier,
} from "./vocabulary/index.ts";

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
const now = new Date("2026-06-01T00:00:00Z");
const validity = { notBefore: new Date("2020-01-01T00:00:00Z"), notAfter: new Date("2055-12-31T23:59:59Z") };
const policy = oid("1.2.826.0.1.8641679.1.2.1.4");

interface Authority {
  readonly privateKey: KeyObject;
  readonly spki: Buffer;
}

const ec = (): Authority => pairOf(generateKeyPairSync("ec", { namedCurve: "prime256v1" }));
const rsa = (): Authority => pairOf(generateKeyPairSync("rsa", { modulusLength: 2048 }));

function pairOf(pair: { privateKey: KeyObject; publicKey: KeyObject }): Authority {
  return { privateKey: pair.privateKey, spki: pair.publicKey.export({ format: "der", type: "spki" }) };
}

const pointOf = ({ spki }: Authority) => readDer(spki, readSubjectPublicKeyInfo).publicKey;

function issue(fields: CertificateFields, by: Authority): string {
  const tbs = buildTbsCertificate(fields);
  return encodePem(assembleCertificate(tbs, sign("sha256", tbs, by.privateKey)));
}

/** What every certificate has; the P-256 point or the RSA key as its profile wants it. */
const common = (publicKey: Buffer) => ({ serialNumber: createSerialNumber(now), policy, publicKey });

describe.skipIf(!hasOpenssl)("OpenSSL verifies with -x509_strict [needs openssl]", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "smki-chains-"));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  function verify(root: string, issuing: string, leaf: string): string {
    const files = { root, issuing, leaf };
    for (const [name, pem] of Object.entries(files)) writeFileSync(join(folder, name), pem);
    const time = String(now.getTime() / 1000);
    const options = [
      "verify",
      "-x509_strict",
      "-attime",
      time,
      "-CAfile",
      "root",
      "-untrusted",
      "issuing",
      "leaf",
    ];
    return execFileSync("openssl", options, { cwd: folder, encoding: "utf8", stdio: "pipe" });
  }

  const ocaRootName = { organisationalUnit: "00", commonName: "ZA" };
  const ocaName = { organisationalUnit: "07", commonName: "Z1" };

  test("an Organisation Certificate of every role under the OCA, whose root has the contingency key", () => {
    const [rootKey, issuingKey] = [ec(), ec()];
    const root = issue(
      {
        profile: "root-oca",
        ...common(pointOf(rootKey)),
        validity,
        subject: ocaRootName,
        pathLength: 1,
        wrappedContingencyKey: {
          wrapAlgorithm: oid("2.16.840.1.101.3.4.1.5"),
          wrappedKey: Buffer.alloc(99, 7),
        },
      },
      rootKey,
    );
    const issuing = issue(
      {
        profile: "issuing-oca",
        ...common(pointOf(issuingKey)),
        validity,
        issuer: ocaRootName,
        subject: ocaName,
        authorityKeyIdentifier: subjectKeyIdentifier(pointOf(rootKey)),
      },
      rootKey,
    );
    for (const { code } of remotePartyRoles) {
      const leaf = issue(
        {
          profile: "organisation",
          ...common(pointOf(ec())),
          validity,
          issuer: ocaName,
          subject: { commonName: "ÉNERGIE", role: code, entityIdentifier: eui64("90b3d51f30010000") },
          keyUsage: code % 2 === 0 ? "digitalSignature" : "keyAgreement",
          authorityKeyIdentifier: subjectKeyIdentifier(pointOf(issuingKey)),
        },
        issuingKey,
      );
      expect(verify(root, issuing, leaf)).toBe("leaf: OK\n");
    }
  });

  test("Device Certificates of both usages under the DCA", () => {
    const [rootKey, issuingKey] = [ec(), ec()];
    const names = { root: { commonName: "D0" }, issuing: { commonName: "D1" } };
    const root = issue(
      { profile: "root-dca", ...common(pointOf(rootKey)), validity, subject: names.root },
      rootKey,
    );
    const issuing = issue(
      {
        profile: "issuing-dca",
        ...common(pointOf(issuingKey)),
        validity,
        issuer: names.root,
        subject: names.issuing,
        authorityKeyIdentifier: subjectKeyIdentifier(pointOf(rootKey)),
      },
      rootKey,
    );
    for (const keyUsage of ["digitalSignature", "keyAgreement"] as const) {
      const leaf = issue(
        {
          profile: "device",
          ...common(pointOf(ec())),
          validity: { notBefore: validity.notBefore, notAfter: "indefinite" },
          issuer: names.issuing,
          deviceId: eui64("00db1234567890a4"),
          hardwareType: oid("1.2.826.0.1.8641679.1.2.2.1"),
          keyUsage,
          authorityKeyIdentifier: subjectKeyIdentifier(pointOf(issuingKey)),
        },
        issuingKey,
      );
      expect(verify(root, issuing, leaf)).toBe("leaf: OK\n");
    }
  });

  test("an IKI Certificate under the IKI's authorities, all with RSA keys", () => {
    const [rootKey, issuingKey] = [rsa(), rsa()];
    const identifier = ({ spki }: Authority) =>
      rsaSubjectKeyIdentifier(readDer(spki, readSubjectPublicKeyInfo).publicKey);
    const names = { root: { commonName: "IKI root" }, issuing: { commonName: "IKI issuing" } };
    const root = issue(
      { profile: "iki-root", ...common(rootKey.spki), validity, subject: names.root },
      rootKey,
    );
    const issuing = issue(
      {
        profile: "iki-issuing",
        ...common(issuingKey.spki),
        validity,
        issuer: names.root,
        subject: names.issuing,
        authorityKeyIdentifier: identifier(rootKey),
      },
      rootKey,
    );
    const leaf = issue(
      {
        profile: "iki-end-entity",
        ...common(rsa().spki),
        validity,
        issuer: names.issuing,
        subject: { organisation: "Sample Supplier", role: 2, commonName: "batch-1" },
        authorityKeyIdentifier: identifier(issuingKey),
      },
      issuingKey,
    );
    expect(verify(root, issuing, leaf)).toBe("leaf: OK\n");
    expect(() => verify(root, root, leaf)).toThrow("unable to get local issuer certificate");
  });
});
