import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

// The npm package as others get it: built, packed, installed elsewhere, used from JavaScript and TypeScript.

const root = join(import.meta.dirname, "..");
let folder: string;
let packed: string[];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "smki-package-"));
  run(root, process.execPath, ["scripts/build.ts"]);
  const answer = run(root, "npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder]);
  const [tarball] = tarballs(answer);
  if (tarball === undefined) throw new Error("npm pack made no file");
  packed = tarball.files.map(({ path }) => path);

  write("package.json", JSON.stringify({ name: "elsewhere", private: true, type: "module" }));
  const without = ["--omit=dev", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund"];
  run(folder, "npm", [
    "install",
    "--loglevel=error",
    "--prefer-offline",
    ...without,
    join(folder, tarball.filename),
  ]);
}, 300_000);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** What `npm pack --json` answers: a list, or from npm 12 an object by package name. */
function tarballs(json: string): { filename: string; files: { path: string }[] }[] {
  return Object.values(JSON.parse(json) as Record<string, { filename: string; files: { path: string }[] }>);
}

function run(cwd: string, command: string, args: readonly string[]): string {
  return execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

/** The DCC's own WAN provider certificate, from the key store published for its emulator; Base64 without armour. */
function publishedCertificate(): string {
  const path = join(root, "node_modules/@smartdcc/dccboxed-keystore/keystore.json");
  let pem: string | undefined;
  JSON.parse(readFileSync(path, "utf8"), (_, value: { name?: string; certificate?: string } | null) => {
    if (value?.name === "Z1-wanProvider-ds") pem = value.certificate;
    return value;
  });
  if (pem === undefined) throw new Error(`no such certificate in ${path}`);
  return pem.replace(/-----[^-]+-----|\s/g, "");
}

describe("the packed npm package", () => {
  test("holds built JavaScript, types and migrations, and no source or test", () => {
    expect(packed).toEqual(
      expect.arrayContaining([
        "LICENSE",
        "README.md",
        "dist/app/main.js",
        "dist/certificates/index.js",
        "dist/certificates/index.d.ts",
        "dist/rulebook/index.js",
        "dist/rulebook/index.d.ts",
      ]),
    );
    expect(packed.filter((path) => path.endsWith(".sql")).length).toBeGreaterThan(0);
    expect(packed.filter((path) => /\.test\.|testkit|testdata|^src\/|(?<!\.d)\.ts$/.test(path))).toEqual([]);
  });

  test("gives a program elsewhere the certificates library", () => {
    const script = `
      import { parseCertificate, readFields } from "opensmki/certificates";
      const certificate = parseCertificate(Buffer.from(process.argv[2], "base64"));
      console.log(JSON.stringify(readFields(certificate), (_, value) => typeof value === "bigint" ? String(value) : value));
    `;
    write("use.mjs", script);
    const fields = JSON.parse(run(folder, process.execPath, ["use.mjs", publishedCertificate()])) as unknown;
    expect(fields).toMatchObject({
      profile: "organisation",
      serialNumber: "7c758b23cc7fe6923b01921f557d8b0a",
      policy: "1.2.826.0.1.8641679.1.2.1.4",
      issuer: { commonName: "Z1" },
    });
  });

  test("gives a TypeScript program its types", () => {
    write(
      "use.mts",
      `import { type CertificateFields, parseCertificate, readFields } from "opensmki/certificates";
       import { rulebookFor } from "opensmki/rulebook";
       const seconds: number = rulebookFor("response").singleCsrTarget.value;
       const fields: CertificateFields = readFields(parseCertificate(new Uint8Array(seconds)));
       // @ts-expect-error the profile is one of the known ones
       export const wrong = fields.profile === "no such profile";`,
    );
    const compiler = join(root, "node_modules/typescript/bin/tsc");
    const options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2024"];
    const types = ["--types", "node", "--typeRoots", join(root, "node_modules/@types")];
    expect(run(folder, process.execPath, [compiler, ...options, ...types, "use.mts"])).toBe("");
  });

  test("brings the command smki", () => {
    expect(run(folder, process.execPath, ["node_modules/opensmki/dist/app/main.js", "--help"])).toContain(
      "smki",
    );
    const bin = readFileSync(join(folder, "node_modules/opensmki/dist/app/main.js"), "utf8");
    expect(bin.startsWith("#!/usr/bin/env node\n")).toBe(true);
  });
});
