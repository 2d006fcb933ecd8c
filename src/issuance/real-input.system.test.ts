import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasRealMessage, loadRealDeviceCsr } from "../certificates/csr/requests.testdata.ts";
import {
  decodeCsrText,
  eui64,
  parseCertificate,
  readFields,
  type SerialNumber,
  sequence,
} from "../certificates/index.ts";
import {
  type IssuingEstate,
  issuedSerialNumbers,
  issuingEstate,
  operator,
  words,
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

async function issueOne(
  by: Parameters<IssuingEstate["issue"]>[0],
  kind: Parameters<IssuingEstate["issue"]>[1],
  csr: Buffer,
): Promise<SerialNumber> {
  const outcomes = await estate.issue(by, kind, [csr]);
  expect(words(outcomes)).toEqual(["issued"]);
  return issuedSerialNumbers(outcomes)[0] ?? expect.fail();
}

const fieldsOf = async (serialNumber: SerialNumber) =>
  readFields(parseCertificate((await estate.certificate(serialNumber)).certificate));

test.skipIf(!hasRealMessage)(
  "the CSR in a real meter's CS02c response is issued [needs ../shared/data]",
  async () => {
    const serialNumber = await issueOne(estate.manufacturer, "device", loadRealDeviceCsr());
    expect(await fieldsOf(serialNumber)).toMatchObject({
      profile: "device",
      deviceId: eui64("00db1234567890a0"),
      keyUsage: "digitalSignature",
    });
  },
);

describe.skipIf(!hasOpenssl)("a CSR made by OpenSSL is issued [needs openssl]:", () => {
  const csr = (config: string, ...key: string[]) => {
    file("request.cnf", config);
    return Buffer.from(
      execFileSync(
        "openssl",
        ["req", "-new", "-config", "request.cnf", "-nodes", "-keyout", "key.pem", "-outform", "DER", ...key],
        { cwd: estate.folder, stdio: ["ignore", "pipe", "pipe"] },
      ),
    );
  };
  const p256 = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];

  test("a Device's, its name in an otherName of type hardwareModuleName", async () => {
    const config = `
[req]
distinguished_name = nobody
req_extensions = device
prompt = no
[nobody]
[device]
keyUsage = critical, keyAgreement
subjectAltName = critical, otherName:1.3.6.1.5.5.7.8.4;SEQUENCE:module
[module]
type = OID:1.2.826.0.1.8641679.1.2.2.1
serial = FORMAT:HEX,OCTETSTRING:00DB123456780001
`;
    // This OpenSSL names nobody only when told so twice: an empty section, and an empty -subj.
    const serialNumber = await issueOne(estate.manufacturer, "device", csr(config, "-subj", "/", ...p256));
    expect(await fieldsOf(serialNumber)).toMatchObject({
      deviceId: eui64("00db123456780001"),
      keyUsage: "keyAgreement",
    });
  });

  test("an IKI holder's, with an RSA key", async () => {
    const config = `
[req]
distinguished_name = holder
req_extensions = extensions
prompt = no
string_mask = utf8only
[holder]
O = Northern Lights Energy Ltd
OU = 02
CN = Head End 1
[extensions]
keyUsage = critical, digitalSignature
`;
    const serialNumber = await issueOne(operator, "iki", csr(config, "-newkey", "rsa:2048"));
    expect(await fieldsOf(serialNumber)).toMatchObject({
      profile: "iki-end-entity",
      subject: { commonName: "Head End 1" },
    });
  });

  test("an Organisation's, with its EUI-64 identifier as a BIT STRING", async () => {
    // openssl req writes uniqueIdentifier as a character string only: the request is built part by part.
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "organisation.pem");
    openssl("ec", "-in", "organisation.pem", "-pubout", "-outform", "DER", "-out", "public.der");
    const point = readFileSync(join(estate.folder, "public.der")).subarray(-65).toString("hex");
    const info = `
asn1 = SEQUENCE:info
[info]
version = INTEGER:0
subject = SEQUENCE:subject
key = SEQUENCE:key
attributes = IMPLICIT:0C,SET:attributes
[subject]
ou = SET:ou
uid = SET:uid
[ou]
name = SEQUENCE:ou_name
[ou_name]
type = OID:2.5.4.11
value = UTF8:02
[uid]
name = SEQUENCE:uid_name
[uid_name]
type = OID:2.5.4.45
value = FORMAT:HEX,BITSTRING:90B3D51F30010000
[key]
algorithm = SEQUENCE:ec
point = FORMAT:HEX,BITSTRING:${point}
[ec]
algorithm = OID:1.2.840.10045.2.1
curve = OID:1.2.840.10045.3.1.7
[attributes]
request = SEQUENCE:extension_request
[extension_request]
type = OID:1.2.840.113549.1.9.14
values = SET:extension_sets
[extension_sets]
extensions = SEQUENCE:extensions
[extensions]
usage = SEQUENCE:key_usage
[key_usage]
id = OID:2.5.29.15
critical = BOOLEAN:true
value = OCTWRAP,FORMAT:BITLIST,BITSTRING:0
`;
    file("info.cnf", info);
    openssl("asn1parse", "-genconf", "info.cnf", "-noout", "-out", "info.der");
    openssl("dgst", "-sha256", "-sign", "organisation.pem", "-out", "signature.der", "info.der");
    const octets = readFileSync(join(estate.folder, "info.der"));
    const signature = readFileSync(join(estate.folder, "signature.der")).toString("hex");
    file(
      "tail.cnf",
      `asn1 = SEQUENCE:tail\n[tail]\na = SEQUENCE:alg\ns = FORMAT:HEX,BITSTRING:${signature}\n[alg]\nid = OID:1.2.840.10045.4.3.2\n`,
    );
    openssl("asn1parse", "-genconf", "tail.cnf", "-noout", "-out", "tail.der");
    const tail = readFileSync(join(estate.folder, "tail.der")).subarray(2);
    const request = sequence(octets, tail);
    file("organisation.csr", request);
    expect(openssl("req", "-inform", "DER", "-in", "organisation.csr", "-noout", "-verify", "-text")).toMatch(
      /OU ?= ?02/,
    );
    const serialNumber = await issueOne(estate.supplier, "organisation", request);
    expect(await fieldsOf(serialNumber)).toMatchObject({
      subject: { role: 2, entityIdentifier: eui64("90b3d51f30010000") },
    });
  });

  test("as PEM text, as a person would paste it", async () => {
    const config = `
[req]
distinguished_name = nobody
req_extensions = device
[nobody]
[device]
keyUsage = digitalSignature
subjectAltName = otherName:1.3.6.1.5.5.7.8.4;SEQUENCE:module
[module]
type = OID:1.2.826.0.1.8641679.1.2.2.1
serial = FORMAT:HEX,OCTETSTRING:00DB123456780002
`;
    file("request.der", csr(config, "-subj", "/", ...p256));
    const pem = openssl("req", "-inform", "DER", "-in", "request.der");
    const serialNumber = await issueOne(estate.manufacturer, "device", decodeCsrText(pem));
    // Not critical in the CSR, critical in the certificate (SEC Appendix M).
    const { extensions } = parseCertificate((await estate.certificate(serialNumber)).certificate);
    for (const id of ["2.5.29.15", "2.5.29.17"])
      expect(extensions.find((extension) => extension.id === id)).toMatchObject({ critical: true });
  });
});
