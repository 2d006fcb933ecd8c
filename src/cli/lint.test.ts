import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodePem } from "../certificates/index.ts";
import { issuerKey, sampleTbs, signedSample } from "../certificates/lint/samples.testdata.ts";
import { loadKeystoreCertificates } from "../certificates/real-certificates.testdata.ts";
import { lintCommand } from "./lint.ts";

const folder = mkdtempSync(join(tmpdir(), "smki-lint-"));
const inFolder = (name: string) => join(folder, name);
const keystore = loadKeystoreCertificates();
const conforming = signedSample(sampleTbs("device"));
const deviant = keystore.find(({ name }) => name === "keystore:otherUser-ds");

beforeAll(() => {
  if (deviant === undefined) throw new Error("not in the key store");
  writeFileSync(inFolder("good.pem"), encodePem(conforming));
  writeFileSync(inFolder("good.der"), conforming);
  writeFileSync(inFolder("bad.pem"), encodePem(deviant.der));
  writeFileSync(inFolder("both.pem"), encodePem(conforming) + encodePem(deviant.der));
  writeFileSync(inFolder("broken.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  writeFileSync(inFolder("issuer.pem"), issuerKey.publicKey.export({ type: "spki", format: "pem" }));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function lint(...parameters: string[]): { text: string; status: number } {
  const result = { text: "", status: -1 };
  const command = lintCommand({
    write: (text) => {
      result.text += text;
    },
    exitWith: (status) => {
      result.status = status;
    },
  });
  command.exitOverride().configureOutput({ writeErr: () => undefined });
  command.parse(parameters, { from: "user" });
  return result;
}

describe("smki lint", () => {
  it("exits 0 for a conforming certificate, PEM or DER", () => {
    const { text, status } = lint(inFolder("good.pem"), inFolder("good.der"));
    expect(status).toBe(0);
    expect(text).toContain("good.pem: device, no finding\n");
    expect(text).toMatch(/2 certificates, 0 findings\n$/);
  });

  it("exits 1 for a deviant, and names rule and source", () => {
    const { text, status } = lint(inFolder("bad.pem"));
    expect(status).toBe(1);
    expect(text).toMatch(/^ {2}basic-constraints: .* \[RFC 5280 4\.2\.1\.9; GBCS 12\]$/m);
    expect(text).toMatch(/1 certificate, 1 finding\n$/);
  });

  it("judges each certificate of a file", () => {
    const { text, status } = lint(inFolder("both.pem"));
    expect(status).toBe(1);
    expect(text).toContain("both.pem #1: device, no finding");
    expect(text).toContain("both.pem #2: organisation\n");
  });

  it("judges the signature when the issuer is given", () => {
    expect(lint("--issuer", inFolder("issuer.pem"), inFolder("good.pem")).status).toBe(0);
    const { text, status } = lint("--issuer", inFolder("issuer.pem"), inFolder("bad.pem"));
    expect(status).toBe(1);
    expect(text).toContain("  signature: ");
  });

  it("judges the policy when it is given", () => {
    expect(lint("--policy", "1.2.826.0.1.8641679.1.2.1.4", inFolder("good.pem")).status).toBe(0);
    const { text, status } = lint("--policy", "1.2.3", inFolder("good.pem"));
    expect(status).toBe(1);
    expect(text).toContain("not 1.2.3");
    expect(() => lint("--policy", "policy", inFolder("good.pem"))).toThrow(/object identifier/);
  });

  it("exits 2 when a file cannot be read, and still judges the others", () => {
    const { text, status } = lint(inFolder("absent.pem"), inFolder("broken.pem"), inFolder("good.pem"));
    expect(status).toBe(2);
    expect(text).toContain("absent.pem: not readable");
    expect(text).toContain("broken.pem: not readable");
    expect(text).toMatch(/1 certificate, 0 findings, 2 files not readable\n$/);
  });

  it("writes nothing that would move a terminal's cursor or forge a line of its own", () => {
    const forged = "\u001B[2K\rgood.pem: device, no finding\n";
    writeFileSync(inFolder("label.pem"), `-----BEGIN ${forged}-----\n`);
    writeFileSync(inFolder("named\n\u001B[31m.pem"), encodePem(conforming));
    const { text, status } = lint(inFolder("label.pem"), inFolder("named\n\u001B[31m.pem"));
    expect(status).toBe(2);
    expect(text).not.toMatch(/[^\P{Cc}\n]/u);
    expect(text.split("\n")).toHaveLength(5);
  });

  it("reads no more of a file than may be", () => {
    const { text, status } = lint("/dev/zero");
    expect(status).toBe(2);
    expect(text).toContain("DER_TOO_LARGE");
    writeFileSync(inFolder("large.pem"), Buffer.alloc(17 * 1024 * 1024));
    expect(lint(inFolder("large.pem")).text).toContain("DER_TOO_LARGE");
  });

  it("exits 2 when the issuer cannot be read", () => {
    expect(lint("--issuer", inFolder("broken.pem"), inFolder("good.pem")).status).toBe(2);
  });

  it("answers in JSON", () => {
    const { text } = lint("--json", inFolder("both.pem"), inFolder("absent.pem"));
    expect(JSON.parse(text)).toMatchObject({
      certificates: 2,
      findings: 1,
      unreadable: 1,
      files: [
        { findings: [] },
        { findings: [{ rule: "basic-constraints" }] },
        { error: { code: "FILE_UNREADABLE" } },
      ],
    });
  });

  it("explains itself with examples", () => {
    let help = "";
    const command = lintCommand()
      .exitOverride()
      .configureOutput({ writeOut: (text) => (help += text) });
    expect(() => command.parse(["--help"], { from: "user" })).toThrow();
    expect(help).toContain("smki lint meter.pem");
    expect(help).toContain("--issuer <file>");
  });
});
