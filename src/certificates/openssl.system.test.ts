import { spawnSync } from "node:child_process";
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { isSmkiError } from "../errors/smki-error.ts";
import { encodePem } from "./certificate-file.ts";
import { assembleCrl, buildTbsCrl, type CrlFields } from "./crl/index.ts";
import { listFields } from "./crl/lists.testdata.ts";
import {
  buildDeviceCsrInfo,
  buildOrganisationCsrInfo,
  decodeCsrText,
  parseCsr,
  readDeviceCsr,
  readIkiCsr,
  verifyCsrSignature,
} from "./csr/index.ts";
import {
  deviceCsr,
  deviceRequest,
  hasRealMessage,
  ikiCsr,
  loadRealDeviceCsr,
  organisationCsr,
  organisationRequest,
} from "./csr/requests.testdata.ts";
import { bitString, readDer, sequence } from "./der/index.ts";
import { ecdsaWithSha256 } from "./keys/index.ts";
import { sampleFields } from "./lint/samples.testdata.ts";
import { mutantsOf } from "./mutants.testdata.ts";
import { assembleCertificate, buildTbsCertificate } from "./profiles/index.ts";
import { readSubjectPublicKeyInfo } from "./syntax/index.ts";
import { keyIdentifier, subjectKeyIdentifier } from "./vocabulary/index.ts";

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
const folder = mkdtempSync(join(tmpdir(), "smki-openssl-"));
const inFolder = (name: string) => join(folder, name);

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function openssl(parameters: readonly string[], input?: Buffer): { status: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync("openssl", parameters, input === undefined ? {} : { input });
  return { status, text: stdout.toString("latin1") + stderr.toString("latin1") };
}

/** Makes a request with OpenSSL's own tools from a configuration, as a manufacturer would. */
function requestByOpenssl(name: string, key: string, configuration: string, subject: string[] = []): string {
  const [config, keyFile] = [inFolder(`${name}.cnf`), inFolder(`${name}.key`)];
  writeFileSync(config, configuration);
  writeFileSync(keyFile, key);
  const made = openssl([
    "req",
    "-new",
    "-sha256",
    "-key",
    keyFile,
    "-config",
    config,
    "-out",
    inFolder(`${name}.csr`),
    ...subject,
  ]);
  expect(made.status, made.text).toBe(0);
  return readFileSync(inFolder(`${name}.csr`), "latin1");
}

function pemOf(privateKey: KeyObject): string {
  return privateKey.export({ type: "pkcs8", format: "pem" });
}

const pointKey = generateKeyPairSync("ec", { namedCurve: "P-256" });
const { publicKey: point } = readDer(
  pointKey.publicKey.export({ type: "spki", format: "der" }),
  readSubjectPublicKeyInfo,
);
const pointPem = pemOf(pointKey.privateKey);

describe.skipIf(!hasOpenssl)("a request that OpenSSL made [needs openssl]", () => {
  it("is read as a Device CSR", () => {
    const text = requestByOpenssl(
      "device",
      pointPem,
      `[req]\nprompt = no\nreq_extensions = extensions\ndistinguished_name = name\n[name]\n[extensions]
keyUsage = critical,digitalSignature
subjectAltName = critical,otherName:1.3.6.1.5.5.7.8.4;SEQUENCE:module
[module]\nhwType = OID:1.2.826.0.1.8641679.1.2.2.1\nhwSerialNum = FORMAT:HEX,OCTETSTRING:00DB1234567890A4\n`,
      ["-subj", "/"],
    );
    const request = parseCsr(decodeCsrText(text));
    verifyCsrSignature(request);
    expect(readDeviceCsr(request)).toMatchObject({
      deviceId: "00db1234567890a4",
      hardwareType: "1.2.826.0.1.8641679.1.2.2.1",
      keyUsage: "digitalSignature",
    });
  });

  it("is read as an IKI CSR", () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const text = requestByOpenssl(
      "iki",
      pemOf(privateKey),
      `[req]\nprompt = no\nutf8 = yes\nreq_extensions = extensions\ndistinguished_name = name
[name]\nO = Sample Supplier Ltd\nOU = 02\nCN = Head End 1\n[extensions]\nkeyUsage = critical,digitalSignature\n`,
    );
    const request = parseCsr(decodeCsrText(text));
    verifyCsrSignature(request);
    expect(readIkiCsr(request)).toMatchObject({
      organisation: "Sample Supplier Ltd",
      role: 2,
      commonName: "Head End 1",
    });
  });
});

describe.skipIf(!hasOpenssl)("a request that was built here [needs openssl]", () => {
  it.each([
    ["Device", deviceCsr],
    ["Organisation", organisationCsr],
    ["IKI", ikiCsr],
  ])("is verified by OpenSSL: %s", (_, der) => {
    const { status, text } = openssl(["req", "-inform", "DER", "-verify", "-noout"], der);
    expect(status, text).toBe(0);
    expect(text).toMatch(/verif(y|ication).* OK/i);
  });
});

/** What our parser takes and OpenSSL does not, each with the reason; empty while there is no such case. */
const acceptedOnlyHere: readonly { readonly why: string; readonly matches: (der: Buffer) => boolean }[] = [];

describe.skipIf(!hasOpenssl)("mutants of requests [needs openssl]", () => {
  const originals = [deviceCsr, organisationCsr, ...(hasRealMessage ? [loadRealDeviceCsr()] : [])];
  const accepted = fc.sample(mutantsOf(originals), { numRuns: 6000, seed: 20_260_301 }).filter((der) => {
    try {
      parseCsr(der);
      return !originals.some((original) => original.equals(der));
    } catch (error) {
      if (isSmkiError(error)) return false;
      throw error;
    }
  });

  it("that the parser accepts are accepted by OpenSSL", { timeout: 120_000 }, () => {
    const sample = accepted.slice(0, 200);
    expect(sample.length).toBe(200);
    for (const der of sample) {
      if (acceptedOnlyHere.some(({ matches }) => matches(der))) continue;
      const { status, text } = openssl(["req", "-inform", "DER", "-noout"], der);
      expect(status, `${der.toString("hex")}\n${text}`).toBe(0);
    }
  });

  it("that are signed again and accepted here are verified by OpenSSL", () => {
    const infos = [buildDeviceCsrInfo, buildOrganisationCsrInfo].map((build) =>
      build({ ...deviceRequest, ...organisationRequest, publicKey: point }),
    );
    const signedAgain = fc
      .sample(mutantsOf(infos), { numRuns: 3000, seed: 20_260_302 })
      .map((info) => sequence(info, ecdsaWithSha256, bitString(sign("sha256", info, pointKey.privateKey))))
      .filter(isAcceptedHere)
      .slice(0, 100);
    expect(signedAgain.length).toBe(100);
    for (const der of signedAgain) {
      const { text } = openssl(["req", "-inform", "DER", "-verify", "-noout"], der);
      expect(text, der.toString("hex")).toMatch(/verif(y|ication).* OK/i);
    }
  });
});

function isAcceptedHere(der: Buffer): boolean {
  try {
    verifyCsrSignature(parseCsr(der));
    return true;
  } catch (error) {
    if (isSmkiError(error)) return false;
    throw error;
  }
}

describe.skipIf(!hasOpenssl)("a list that was built here [needs openssl]", () => {
  const authority = { ...sampleFields["root-dca"], publicKey: point };
  const tbs = buildTbsCertificate(authority);
  const certificate = assembleCertificate(tbs, sign("sha256", tbs, pointKey.privateKey));
  const fields: CrlFields = {
    ...listFields,
    issuer: authority.subject,
    authorityKeyIdentifier: subjectKeyIdentifier(point),
  };

  function verified(of: CrlFields, privateKey = pointKey.privateKey, issuer = certificate) {
    const list = buildTbsCrl(of);
    writeFileSync(inFolder("authority.pem"), encodePem(issuer));
    writeFileSync(inFolder("list.crl"), assembleCrl(list, sign("sha256", list, privateKey)));
    const { status, text } = openssl([
      ...["crl", "-inform", "DER", "-in", inFolder("list.crl"), "-noout", "-text"],
      ...["-CAfile", inFolder("authority.pem")],
    ]);
    expect(status, text).toBe(0);
    expect(text).toContain("verify OK");
    return text;
  }

  it("is read and verified by OpenSSL, with what it says", () => {
    const text = verified(fields);
    expect(text).toContain("Version 2 (0x1)");
    expect(text).toContain("Serial Number: 4FBC5252000000000000000000000001");
    expect(text).toContain("Key Compromise");
    expect(text).toContain("Last Update: Mar  1 12:00:00 2026 GMT");
    expect(text).toContain("Next Update: Mar  3 12:00:00 2026 GMT");
    expect(text.match(/Serial Number:/g)).toHaveLength(2);
    expect(text).toMatch(/CRL Number:\s+7\n/);
  });

  it("is read and verified by OpenSSL when nothing is revoked", () => {
    expect(verified({ ...fields, revoked: [] })).toContain("No Revoked Certificates");
  });

  it("is read and verified by OpenSSL when the IKI CA signed it with RSA", () => {
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const info = rsa.publicKey.export({ type: "spki", format: "der" });
    const root = buildTbsCertificate({ ...sampleFields["iki-root"], publicKey: info });
    const issuer = assembleCertificate(root, sign("sha256", root, rsa.privateKey));
    verified(
      {
        ...listFields,
        issuer: { commonName: "IKI Root" },
        algorithm: "sha256WithRSAEncryption",
        authorityKeyIdentifier: keyIdentifier("00".repeat(20)),
      },
      rsa.privateKey,
      issuer,
    );
  });
});
