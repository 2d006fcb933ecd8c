import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeListPem, encodePem } from "../certificates/index.ts";
import {
  chainOf,
  common,
  ecKey,
  issue,
  listOf,
  present,
  revokedAt,
  validity,
} from "../certificates/path/chains.testdata.ts";
import { loadKeystoreCertificates } from "../certificates/real-certificates.testdata.ts";
import { verifyCommand } from "./verify.ts";

const folder = mkdtempSync(join(tmpdir(), "smki-verify-"));
const inFolder = (name: string) => join(folder, name);
const oca = chainOf("oca");
const dca = chainOf("dca");
const revoked = [revokedAt(oca.leaf, new Date("2026-05-20T10:00:00Z"))];

beforeAll(() => {
  const files: Record<string, string | Buffer> = {
    "root.pem": encodePem(oca.root.der),
    "issuing.der": oca.issuing.der,
    "leaf.b64": oca.leaf.der.toString("base64"),
    "bundle.pem": [oca.leaf, oca.issuing, oca.root].map(({ der }) => encodePem(der)).join(""),
    "root-dca.pem": encodePem(dca.root.der),
    "meters.pem": [dca.leaf, dca.issuing].map(({ der }) => encodePem(der)).join(""),
    "crl.pem": encodeListPem(listOf(oca, "issuing").der),
    "arl.der": listOf(oca, "root").der,
    "revoking.pem": encodeListPem(listOf(oca, "issuing", { revoked }).der),
    "key.pem": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(inFolder(name), content);
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

const identifierOf = ({ keys }: typeof dca) => Buffer.from(keys.issuing.identifier, "hex");

function verify(...parameters: string[]): { text: string; status: number } {
  const result = { text: "", status: -1 };
  const command = verifyCommand({
    write: (text) => {
      result.text += text;
    },
    exitWith: (status) => {
      result.status = status;
    },
    now: () => present,
  });
  command.exitOverride().configureOutput({ writeErr: () => undefined });
  const paths = parameters.map((each) => (/\.(?:pem|der|b64)$/.test(each) ? inFolder(each) : each));
  command.parse(paths, { from: "user" });
  return result;
}

const withLists = ["--crl", "crl.pem", "--crl", "arl.der"];

describe("smki verify", () => {
  it("exits 0 when the chain holds to a root that the person named", () => {
    const { text, status } = verify("--root", "root.pem", ...withLists, "leaf.b64", "issuing.der");
    expect(status).toBe(0);
    expect(text).toContain(
      "Judged for 2026-06-01 12:00:00Z\nTrusted, since you named it with --root:\n  Root OCA ZA",
    );
    expect(text).toContain(
      "    ✓ It is signed by the key of Issuing OCA Z1 [RFC 5280 4.1.1.3 and 6.1.3 (a) (1)]\n",
    );
    expect(text).toMatch(/The certificate holds to a root that you named\.\n$/);
  });

  it("tells the checks from the root down, each with its source", () => {
    const { text } = verify("--root", "root.pem", ...withLists, "bundle.pem");
    const headings = text.split("\n").filter((line) => /^ {2}(?:Root|Issuing|Organisation)[^:]*$/.test(line));
    expect(headings.map((line) => line.trim().split(" ").slice(0, 2).join(" "))).toEqual([
      "Root OCA",
      "Issuing OCA",
      "Organisation Certificate",
    ]);
    const checks = text.split("\n").filter((line) => /^ {4}[✓✗!]/.test(line));
    expect(checks.length).toBeGreaterThan(35);
    for (const check of checks) expect(check).toMatch(/\[(?:RFC|SEC|GBCS) .*\]$/);
  });

  it("exits 3 when nobody said that the root may be trusted, and prints its fingerprint", () => {
    const { text, status } = verify(...withLists, "bundle.pem");
    expect(status).toBe(3);
    expect(text).toMatch(
      /nobody has said that it may be trusted:\n {2}Root OCA ZA, SHA-256 (?:[0-9A-F]{2}:){31}[0-9A-F]{2}\n/,
    );
    expect(text).toContain("holds, but only to a root that nobody has said may be trusted");
  });

  it("exits 1 with the reason and what to do when it does not hold", () => {
    const missing = verify("--root", "root.pem", "leaf.b64");
    expect(missing.status).toBe(1);
    expect(missing.text).toContain("It does not hold (issuer-not-found)");
    expect(missing.text).toContain("Give that certificate too.");
    const other = verify("--root", "root-dca.pem", "bundle.pem");
    expect(other.status).toBe(1);
    expect(other.text).toContain("If you trust it, name it with --root.");
    expect(verify("leaf.b64").text).toContain("name the root that you trust with --root FILE");
  });

  it("exits 1 for a revoked certificate, but not for a time before", () => {
    const lists = ["--crl", "revoking.pem", "--crl", "arl.der"];
    const now = verify("--root", "root.pem", ...lists, "bundle.pem");
    expect(now.status).toBe(1);
    expect(now.text).toContain("✗ It was revoked on 2026-05-20 10:00:00Z");
    const before = ["--at", "2026-05-10T00:00:00Z", "--revocation", "told"];
    expect(verify("--root", "root.pem", ...before, ...lists, "bundle.pem").status).toBe(0);
  });

  it("requires the lists as soon as one is given, and says what was not judged where there is none", () => {
    expect(verify("--root", "root.pem", "--crl", "crl.pem", "bundle.pem").status).toBe(1);
    const without = verify("--root", "root.pem", "bundle.pem");
    expect(without.status).toBe(0);
    expect(without.text).toContain("    ! Whether it is revoked is not known");
    expect(without.text).toMatch(/Revocation was not judged for want of lists/);
    expect(verify("--root", "root.pem", "--revocation", "required", "bundle.pem").status).toBe(1);
  });

  it("judges for the time that is asked for, with its zone", () => {
    const at = (time: string) => verify("--root", "root.pem", "--at", time, "bundle.pem");
    expect(at("2025-12-31T23:59:59Z").status).toBe(1);
    expect(at("2026-01-01T01:00:00+01:00").status).toBe(0);
    const noTimes = ["2026-01-01", "2026-01-01T00:00:00", "tomorrow", "2026-13-01T00:00:00Z"];
    for (const wrong of [...noTimes, "2026-02-30T00:00:00Z", "2027-02-29T00:00:00+01:00"])
      expect(() => at(wrong)).toThrow(/time with its zone/);
  });

  it("verifies each certificate that none of the others names as its issuer", () => {
    const { text, status } = verify(
      "--root",
      "root.pem",
      "--root",
      "root-dca.pem",
      "--brief",
      "bundle.pem",
      "meters.pem",
    );
    expect(status).toBe(0);
    expect(text).toContain("bundle.pem #1: Organisation Certificate SAMPLE");
    expect(text).toContain(
      "meters.pem #1: Device Certificate 00-DB-12-34-56-78-90-A4 (keyAgreement): holds, but",
    );
    expect(text).toContain("Every one of the 2 certificates holds");
    const alone = verify("--root", "root.pem", "--brief", "issuing.der");
    expect(alone.text).toContain("Issuing OCA Z1: holds");
  });

  it("tells what was given and not judged: an authority that only bears another's name, a list of nobody here", () => {
    const key = ecKey();
    const identifier = Buffer.from(key.identifier, "hex");
    const impostor = issue({ ...dca.fields.issuing, ...common(key) }, key);
    const octets = Buffer.from(impostor.der);
    identifierOf(dca).copy(octets, octets.indexOf(identifier));
    writeFileSync(inFolder("impostor.der"), octets);
    const all = ["--root", "root-dca.pem", "--crl", "crl.pem", "--revocation", "told", "--brief"];
    const { text, status } = verify(...all, "meters.pem", "impostor.der");
    expect(status).toBe(0);
    expect(text).toMatch(
      /^Given too, but on no path, and so not judged:\n {2}\S*impostor\.der: Issuing DCA D1\n {2}\S*crl\.pem: a list of an issuer that is on no path$/m,
    );
    expect(verify("--root", "root-dca.pem", "meters.pem").text).not.toContain("Given too");
  });

  it("takes no new key of an authority, certified by its old one, for a root", () => {
    const key = ecKey();
    const renewed = issue(
      {
        profile: "issuing-dca",
        ...common(key),
        validity,
        issuer: { commonName: "D0" },
        subject: { commonName: "D0" },
        authorityKeyIdentifier: dca.keys.root.identifier,
      },
      dca.keys.root,
    );
    writeFileSync(inFolder("renewed.pem"), encodePem(dca.root.der) + encodePem(renewed.der));
    const { roots } = JSON.parse(verify("--json", "renewed.pem").text) as { roots: { file: string }[] };
    expect(roots.map(({ file }) => file)).toEqual([`${inFolder("renewed.pem")} #1`]);
  });

  it("writes nothing that would move a terminal's cursor or forge a line of its own", () => {
    const forged = "\u001B[2K\rThe certificate holds to a root that you named.\n";
    writeFileSync(inFolder("label.pem"), `-----BEGIN ${forged}-----\n`);
    writeFileSync(inFolder("a\nb\u001B[31m.pem"), encodePem(oca.leaf.der));
    for (const file of ["label.pem", "a\nb\u001B[31m.pem"])
      for (const form of [["--brief"], []]) {
        const { text } = verify(...form, file);
        expect(text).not.toMatch(/[^\P{Cc}\n]/u);
        expect(text).not.toMatch(/^(?:The certificate holds|b)/m);
      }
  });

  it("tells of the profile's lint apart from the verdict", () => {
    const deviant = loadKeystoreCertificates().find(({ name }) => name === "keystore:otherUser-ds");
    if (deviant === undefined) throw new Error("not in the key store");
    writeFileSync(inFolder("deviant.pem"), encodePem(deviant.der));
    const { text } = verify("--root", "root.pem", "deviant.pem");
    expect(text).toMatch(/Written as its profile has it\?.*\n.*: no\n {4}basic-constraints: /);
  });

  it("judges under the policies that are accepted", () => {
    const under = (policy: string) => verify("--root", "root.pem", "--policy", policy, "bundle.pem").status;
    expect(under("1.2.826.0.1.8641679.1.2.1.4")).toBe(0);
    expect(under("1.2.3")).toBe(1);
  });

  it("exits 2 when a file cannot be read, and judges nothing", () => {
    const { text, status } = verify("--root", "root.pem", "bundle.pem", "absent.pem", "key.pem");
    expect(status).toBe(2);
    expect(text).toContain("absent.pem: not readable");
    expect(text).toMatch(/key\.pem: not readable: .*\n {2}BUNDLE_FILE_INVALID: /);
    expect(text).toContain("Nothing was verified");
    expect(text).not.toContain("Judged for");
    expect(verify("--root", "crl.pem", "bundle.pem").status).toBe(2);
    symlinkSync("loop.pem", inFolder("loop.pem"));
    for (const file of [`${"long".repeat(100)}.pem`, "loop.pem", folder])
      expect(verify("--root", "root.pem", file)).toMatchObject({
        status: 2,
        text: expect.stringContaining("FILE_UNREADABLE") as string,
      });
    expect(verify("/dev/zero").text).toContain("DER_TOO_LARGE");
    expect(verify("--crl", "root.pem", "bundle.pem").status).toBe(2);
  });

  it("answers in JSON", () => {
    const { text, status } = verify("--json", "--root", "root.pem", ...withLists, "bundle.pem");
    expect(status).toBe(0);
    const answer = JSON.parse(text) as { certificates: { checks: object[] }[] };
    expect(answer).toMatchObject({
      verdict: "trusted",
      rootsNamed: true,
      lists: 2,
      certificates: [{ holds: true }],
      lint: [1, 2, 3, 4, 5].map(() => ({ findings: [] })),
    });
    expect(answer.certificates[0]?.checks[0]).toMatchObject({
      name: "path",
      holds: true,
      of: expect.stringMatching(/^Organisation/) as string,
    });
    expect(JSON.parse(verify("--json", "absent.pem").text)).toMatchObject({
      error: "unreadable",
      files: [{ code: "FILE_UNREADABLE" }],
    });
  });
});

describe("a mistyped command", () => {
  it.each([
    ["no file", []],
    ["an option that there is not", ["--rot", "root.pem", "bundle.pem"]],
    ["no time", ["--at", "noon", "bundle.pem"]],
  ])("ends with 2, since 1 would say that a certificate does not hold: %s", (_, parameters) => {
    const command = verifyCommand().configureOutput({ writeErr: () => undefined });
    expect(() => command.parse(parameters, { from: "user" })).toThrow(
      expect.objectContaining({ exitCode: 2 }) as Error,
    );
  });

  it("is none when it asks for help", () => {
    const command = verifyCommand().configureOutput({ writeOut: () => undefined });
    expect(() => command.parse(["--help"], { from: "user" })).toThrow(
      expect.objectContaining({ exitCode: 0 }) as Error,
    );
  });
});
