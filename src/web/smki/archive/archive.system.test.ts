import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterAll, expect, test } from "vitest";
import { archiveLimits, certificateArchive, readCsrArchive, responseArchive, zipInMemory } from "./index.ts";
import { zipOf } from "./zip.testdata.ts";

const folder = mkdtempSync(join(tmpdir(), "batch-file-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const has = (command: string) => spawnSync(command, ["--help"]).error === undefined;
const python = (script: string, ...parameters: string[]) => {
  const { status, stdout, stderr } = spawnSync("python3", ["-c", script, ...parameters], {
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return stdout;
};

async function namesOf(file: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { clientId, request } of readCsrArchive(
    zipInMemory(readFileSync(file)),
    archiveLimits(50_000),
  )) {
    expect(request).not.toHaveLength(0);
    names.push(clientId);
  }
  return names;
}

test("a batch file of 50,000 is read in small pieces from where it lies, and one of 50,001 refused before any", async () => {
  const csr = `${randomBytes(279).toString("base64")}\n`;
  const entries = Array.from({ length: 50_001 }, (_, index) => ({
    name: `m${String(index)}.csr`,
    content: csr,
  }));
  const file = join(folder, "many.zip");
  const readFrom = async (octets: Buffer) => {
    writeFileSync(file, octets);
    const handle = await open(file);
    let largest = 0;
    const source = {
      size: octets.length,
      read: async (position: number, length: number) => {
        largest = Math.max(largest, length);
        const { buffer: read } = await handle.read({ buffer: Buffer.alloc(length), position });
        return read;
      },
    };
    let count = 0;
    try {
      for await (const { request } of readCsrArchive(source, archiveLimits(50_000)))
        count += request.length / 279;
    } finally {
      await handle.close();
    }
    return { count, largest };
  };
  expect(await readFrom(zipOf(entries.slice(1)))).toEqual({ count: 50_000, largest: 256 * 1024 });
  await expect(readFrom(zipOf(entries))).rejects.toThrow("requests: 50001, maximum: 50000");
});

test.skipIf(!has("python3"))("Python's archives are read, and it reads ours [needs python3]", async () => {
  const made = join(folder, "python.zip");
  python(
    `import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as z:
    z.writestr("a.csr", "AAAA\\n", zipfile.ZIP_DEFLATED)
    z.writestr("Z\\u00e4hler.csr", "AAAA\\r\\n")`,
    made,
  );
  expect(await namesOf(made)).toEqual(["a.csr", "Zähler.csr"]);

  const ours = join(folder, "ours.zip");
  const certificates = ["a.csr", "Zähler.csr"].map((clientId) => ({
    clientId,
    certificate: Buffer.alloc(400),
  }));
  const forms = { record: { separator: "tab", header: true }, certificate: "pem" } as const;
  const response = responseArchive("ours.zip", { record: () => [], certificates: () => certificates }, forms);
  writeFileSync(ours, await buffer(response));
  const read = python(
    `import io, json, sys, zipfile
outer = zipfile.ZipFile(sys.argv[1]); inner = zipfile.ZipFile(io.BytesIO(outer.read("ours-response.zip")))
print(json.dumps([outer.testzip(), inner.testzip(), outer.namelist(), inner.namelist()]))`,
    ours,
  );
  expect(JSON.parse(read)).toEqual([
    null,
    null,
    ["ours-response.txt", "ours-response.zip"],
    ["a.crt", "Zähler.crt"],
  ]);
});

test.skipIf(!has("zip") || !has("unzip"))(
  "Info-ZIP's archives are read, and it finds no fault with ours [needs zip, unzip]",
  async () => {
    for (const name of ["a.csr", "Zähler.csr"]) writeFileSync(join(folder, name), "AAAA\n");
    const zip = spawnSync("zip", ["-q", "made.zip", "a.csr", "Zähler.csr"], {
      cwd: folder,
      encoding: "utf8",
    });
    expect(zip.stderr).toBe("");
    expect((await namesOf(join(folder, "made.zip"))).sort()).toEqual(["Zähler.csr", "a.csr"].sort());

    const many = Array.from({ length: 3000 }, (_, index) => ({
      clientId: `m${String(index)}.csr`,
      certificate: Buffer.alloc(400, index),
    }));
    writeFileSync(join(folder, "ours.zip"), await buffer(certificateArchive(many, "pem")));
    const tested = spawnSync("unzip", ["-tq", "ours.zip"], { cwd: folder, encoding: "utf8" });
    expect(tested.stdout).toContain("No errors detected");
  },
);
