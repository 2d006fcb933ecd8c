import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { credentialOf, enrolParties, foundedEstate, type UpService, up } from "./testkit/estates.ts";
import { cleanUp, temporaryFolder } from "./testkit/smki.ts";

const has = (command: string) => spawnSync(command, ["--version"]).error === undefined;
const hasProc = existsSync("/proc/self/environ");
const hasTools = has("curl") && has("openssl");

/** A Device's name as its CSR has it (RFC 4108): OpenSSL writes it from this configuration. */
const configuration = (deviceId: string) => `
[req]
distinguished_name = none
[none]
[device]
keyUsage = critical,digitalSignature
subjectAltName = critical,otherName:1.3.6.1.5.5.7.8.4;SEQUENCE:hardware
[hardware]
type = OID:1.2.826.0.1.8641679.1.2.2.1
serial = FORMAT:HEX,OCTETSTRING:${deviceId}
`;

describe.skipIf(!hasProc || !hasTools)(
  "EST, with curl and OpenSSL only [needs /proc] [needs openssl] [needs curl]",
  () => {
    let service: UpService;
    let folder: string;
    const openssl = (...words: string[]) => execFileSync("openssl", words, { cwd: folder, stdio: "pipe" });
    beforeAll(async () => {
      folder = temporaryFolder();
      service = await up(await foundedEstate(), {
        env: { SMKI_EST_ENABLED: "true", SMKI_EST_ALLOWANCE: "6" },
      });
      await enrolParties(service);
      const { cert, key } = credentialOf(service.data, "SMPM", "device");
      writeFileSync(join(folder, "officer.pem"), cert);
      writeFileSync(join(folder, "officer.key"), key, { mode: 0o600 });
    }, 120_000);
    afterAll(async () => {
      service.interrupt();
      await service.ended;
      await cleanUp();
    });

    /** Makes a Device's key and CSR, as a factory would. @returns the file of the CSR in Base64 */
    function makeCsr(name: string, deviceId: string): string {
      writeFileSync(join(folder, `${name}.cnf`), configuration(deviceId));
      openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", `${name}.key`);
      const words = ["-config", `${name}.cnf`, "-reqexts", "device", "-subj", "/", "-outform", "DER"];
      openssl("req", "-new", "-key", `${name}.key`, ...words, "-out", `${name}.der`);
      openssl("base64", "-in", `${name}.der`, "-out", `${name}.b64`);
      return `${name}.b64`;
    }

    function curl(operation: string, ...words: string[]) {
      const answer = "answer.b64";
      const written = execFileSync(
        "curl",
        [
          "--silent",
          "--show-error",
          ...["--cacert", join(service.data, "tls", "server-ca.pem")],
          ...["--output", answer, "--write-out", "%{http_code} %{content_type}", ...words],
          new URL(`/.well-known/est/${operation}`, service.answer.url).href,
        ],
        { cwd: folder, encoding: "utf8" },
      );
      const [status = "", ...type] = written.split(" ");
      return {
        status: Number(status),
        type: type.join(" "),
        text: readFileSync(join(folder, answer), "utf8"),
      };
    }
    const officer = ["--cert", "officer.pem", "--key", "officer.key"];
    const enrol = (file: string, operation = "simpleenroll", who = officer) =>
      curl(operation, ...who, "--header", "content-type: application/pkcs10", "--data-binary", `@${file}`);
    /** The certificates of the last answer, as OpenSSL reads them out of PKCS #7. */
    const certificates = () => {
      openssl("base64", "-d", "-in", "answer.b64", "-out", "answer.p7");
      return openssl("pkcs7", "-inform", "DER", "-in", "answer.p7", "-print_certs").toString();
    };

    test("gives the CA certificates to everyone, and a Device's certificate chains to them", () => {
      const answer = curl("cacerts");
      expect([answer.status, answer.type]).toEqual([200, "application/pkcs7-mime; smime-type=certs-only"]);
      writeFileSync(join(folder, "ca.pem"), certificates());
      const csr = makeCsr("meter", "00db123460bb0001");
      expect(enrol(csr).status).toBe(200);
      writeFileSync(join(folder, "meter.pem"), certificates());
      // A Device Certificate's otherName is beyond the names that OpenSSL compares: it says so of critical extensions.
      const verified = openssl(
        "verify",
        "-ignore_critical",
        "-partial_chain",
        "-CAfile",
        "ca.pem",
        "meter.pem",
      );
      expect(verified.toString()).toContain("meter.pem: OK");
      const key = (words: string[]) => openssl(...words).toString();
      expect(key(["x509", "-in", "meter.pem", "-noout", "-pubkey"])).toBe(
        key(["ec", "-in", "meter.key", "-pubout"]),
      );
    });

    test("gives the same certificate again to whoever lost the answer", () => {
      const csr = makeCsr("again", "00db123460bb0002");
      expect(enrol(csr).status).toBe(200);
      const first = certificates();
      expect(enrol(csr).status).toBe(200);
      expect(certificates()).toBe(first);
    });

    test("re-enrols a Device that has a certificate, under a new key, and no other", () => {
      const stranger = enrol(makeCsr("stranger", "00db123460bb00ff"), "simplereenroll");
      expect([stranger.status, stranger.text]).toEqual([
        409,
        expect.stringContaining("[EST_NO_CURRENT_CERTIFICATE]"),
      ]);
      expect(enrol(makeCsr("renewed", "00db123460bb0001"), "simplereenroll").status).toBe(200);
    });

    test("refuses strangers, other bodies, and what is above the allowance, in words", () => {
      const csr = makeCsr("more", "00db123460bb0003");
      expect(enrol(csr, "simpleenroll", []).status).toBe(401);
      writeFileSync(join(folder, "nothing"), "not base64!");
      expect(enrol("nothing").text).toContain("[CSR_TEXT_MALFORMED]");
      const untyped = curl("simpleenroll", ...officer, "--data-binary", `@${csr}`);
      expect([untyped.status, untyped.text]).toEqual([
        415,
        expect.stringMatching(/expected: application\/pkcs10.*\[MEDIA_TYPE_UNSUPPORTED\]/),
      ]);
      writeFileSync(join(folder, "long"), "A".repeat(20_000));
      const long = enrol("long");
      expect([long.status, long.text]).toEqual([413, expect.stringContaining("[REQUEST_TOO_LARGE]")]);
      const statuses = Array.from({ length: 3 }, () => enrol(csr).status);
      expect(statuses).toEqual([200, 200, 429]);
    });
  },
);
