import { randomBytes } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ZipFile } from "yazl";
import { isSmkiError } from "../../../errors/smki-error.ts";
import { archiveLimits, type CsrFile, readCsrArchive, zipInMemory } from "./index.ts";
import { type TestEntry, zipOf } from "./zip.testdata.ts";

const limits = archiveLimits(50_000);

async function read(octets: Buffer, of = limits): Promise<CsrFile[]> {
  const files: CsrFile[] = [];
  for await (const file of readCsrArchive(zipInMemory(octets), of)) files.push(file);
  return files;
}

/** The code and particulars of a refusal. */
async function refusal(octets: Buffer, of = limits): Promise<string> {
  try {
    await read(octets, of);
    return "taken";
  } catch (error) {
    if (isSmkiError(error)) return `${error.code} ${JSON.stringify(error.details)}`;
    throw error;
  }
}

const der = randomBytes(279);
const base64 = der.toString("base64");
const lines = (width: number, end: string) =>
  (base64.match(new RegExp(`.{1,${String(width)}}`, "g")) ?? []).join(end);

describe("a batch file of the portal", () => {
  const forms: [string, string][] = [];
  for (const [name, width] of [["one line", 1000] as const, ["64", 64] as const, ["76", 76] as const])
    for (const end of ["\n", "\r\n"])
      for (const label of ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST", undefined]) {
        const body = lines(width, end);
        const text =
          label === undefined
            ? body
            : `-----BEGIN ${label}-----${end}${body}${end}-----END ${label}-----${end}`;
        forms.push([`${name} ${JSON.stringify(end)} ${label ?? "no headers"}`, text]);
      }

  test("is read in every form of text that a CSR may have, stored or deflated", async () => {
    for (const deflate of [false, true]) {
      const entries = forms.map(([, content], index) => ({
        name: `m${String(index)}.csr`,
        content,
        deflate,
      }));
      const files = await read(zipOf(entries));
      expect(files).toEqual(entries.map(({ name }) => ({ clientId: name, request: der })));
      expect(files).toHaveLength(18);
    }
  });

  test("keeps the names of its files: spaces, capitals, full stops, letters of any script", async () => {
    const names = ["Meter 1.csr", "a.b.CSR", "00-DB-12.csr", "90:b3:d5.csr", "Zähler-電.csr"];
    const utf8 = 0x800;
    const files = await read(zipOf(names.map((name) => ({ name, flags: utf8 }))));
    expect(files.map(({ clientId }) => clientId)).toEqual(names);
  });

  test("may have a comment, and headers that carry sizes behind the file", async () => {
    expect(await read(zipOf([{ name: "a.csr" }], { comment: "made with a tool" }))).toHaveLength(1);
  });

  test.each([
    ["a PEM block of another kind", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"],
    ["DER", der],
    ["nothing", ""],
    ["UTF-16", Buffer.from(base64, "utf16le")],
    ["a byte order mark", `\ufeff${base64}`],
  ])("with %s in one file is taken: that CSR is refused by itself", async (_, content) => {
    const [bad, good] = await read(
      zipOf([
        { name: "a.csr", content },
        { name: "b.csr", content: base64 },
      ]),
    );
    expect(bad).toEqual({ clientId: "a.csr", request: Buffer.alloc(0) });
    expect(good).toEqual({ clientId: "b.csr", request: der });
  });

  test("is refused whole with one file too many, before any is read", async () => {
    const entries = Array.from({ length: 6 }, (_, index) => ({ name: `m${String(index)}.csr` }));
    const five = archiveLimits(5);
    expect(await read(zipOf(entries.slice(1)), five)).toHaveLength(5);
    expect(await refusal(zipOf(entries), five)).toBe(`BATCH_TOO_LARGE {"requests":6,"maximum":5}`);
    expect(await refusal(zipOf([]))).toContain("BATCH_EMPTY");
  });
});

describe("an entry that is no CSR file in the root is refused, and the batch with it:", () => {
  const names: [string, TestEntry][] = [
    ["a folder", { name: "folder/", content: "" }],
    ["in a folder", { name: "folder/a.csr" }],
    ["a way out", { name: "../a.csr" }],
    ["a way out with backslashes", { name: "..\\a.csr" }],
    ["from the root", { name: "/etc/a.csr" }],
    ["a drive", { name: "c:a.csr" }],
    ["another extension", { name: "a.txt" }],
    ["no extension", { name: "csr" }],
    ["nothing before the extension", { name: ".csr" }],
    ["blanks before it", { name: " .csr" }],
    ["a ZIP within", { name: "inner.zip" }],
    ["a control character", { name: "a\u0007.csr" }],
    ["a line end", { name: "a\n.csr" }],
    ["a NUL that ends the name for some", { name: "a.exe\0.csr" }],
    ["letters that run the other way", { name: "a\u202ercs.exe.csr", flags: 0x800 }],
    ["no UTF-8", { name: Buffer.from([0x61, 0xff, 0x2e, 0x63, 0x73, 0x72]), flags: 0x800 }],
    ["letters in an unknown set", { name: "ä.csr", system: 0 }],
    ["letters of another set", { name: Buffer.from([0x84, 0x2e, 0x63, 0x73, 0x72]) }],
    ["a very long name", { name: `${"x".repeat(252)}.csr` }],
    ["encrypted", { name: "a.csr", flags: 1, content: Buffer.alloc(16), size: 4 }],
    ["an unknown compression", { name: "a.csr", method: 12 }],
    ["a link", { name: "a.csr", attributes: (0o120777 << 16) >>> 0 }],
    ["ZIP64", { name: "a.csr", extra: Buffer.from([1, 0, 8, 0, 4, 0, 0, 0, 0, 0, 0, 0]) }],
    ["another checksum", { name: "a.csr", crc: 1 }],
    ["another name before the file", { name: "a.csr", localName: "b.csr" }],
    ["content that does not unpack", { name: "a.csr", method: 8, packed: Buffer.from("ffff", "hex") }],
    ["more than it says", { name: "a.csr", content: "AAAA", deflate: true, size: 3 }],
    [
      "octets behind what is packed",
      { name: "a.csr", method: 8, packed: Buffer.concat([deflateRawSync("AAAA"), Buffer.alloc(4)]) },
    ],
  ];
  test.each(names)("%s", async (_, entry) => {
    expect(await refusal(zipOf([entry]))).toContain("BATCH_FILE_ENTRY_REFUSED");
  });

  test("encrypted, and is told so", async () => {
    const [, entry] = names.find(([name]) => name === "encrypted")!;
    expect(await refusal(zipOf([entry]))).toContain('"reason":"encrypted"');
  });

  test("names that differ in capitals alone", async () => {
    expect(await refusal(zipOf([{ name: "a.csr" }, { name: "b.csr" }, { name: "A.CSR" }]))).toContain(
      "name given twice",
    );
  });

  test("files that share octets", async () => {
    expect(
      await refusal(zipOf([{ name: "a.csr" }, { name: "b.csr", localName: "a.csr", offset: 0 }])),
    ).toContain("overlaps another entry");
  });
});

describe("an archive that is no plain ZIP is refused:", () => {
  const one: readonly TestEntry[] = [{ name: "a.csr" }, { name: "b.csr" }];
  test.each([
    ["nothing", Buffer.alloc(0)],
    ["a text", Buffer.from("MIIB")],
    ["octets behind it", zipOf(one, { after: Buffer.from("x") })],
    ["an end that is cut off", zipOf(one).subarray(0, -1)],
    ["octets before it", zipOf(one, { before: Buffer.alloc(9) }).subarray(9)],
    ["fewer files than its directory", zipOf(one, { count: 1 })],
    ["more files than its directory", zipOf(one, { count: 3 })],
  ])("%s", async (_, octets) => {
    expect(await refusal(octets)).toContain("BATCH_FILE_MALFORMED");
  });
});

test("ZIP64, which no batch needs, is refused and told so", async () => {
  const zip = new ZipFile();
  zip.addBuffer(Buffer.from("AAAA"), "a.csr", { compress: false });
  zip.end({ forceZip64Format: true, comment: "" });
  expect(await refusal(await buffer(zip.outputStream))).toContain("ZIP64");
});

describe("a bomb costs nothing:", () => {
  test.each([
    ["a file that unpacks to more than a CSR can be", { name: "a.csr", content: Buffer.alloc(8193, "A") }],
    ["one that says so, whatever it holds", { name: "a.csr", deflate: true, size: 2 ** 31 }],
    ["one of very high ratio", { name: "a.csr", content: Buffer.alloc(8000), deflate: true }],
  ])("%s", async (_, entry) => {
    expect(await refusal(zipOf([entry]))).toContain("BATCH_FILE_TOO_LARGE");
  });

  test("one that says less than it holds is not unpacked further than it says", async () => {
    const packed = deflateRawSync(Buffer.alloc(2 ** 24));
    expect(await refusal(zipOf([{ name: "a.csr", method: 8, size: 8000, packed }]))).toContain(
      "cannot be unpacked",
    );
  });

  test("very many files, together", async () => {
    const entries = Array.from({ length: 9 }, (_, index) => ({
      name: `${String(index)}.csr`,
      content: base64,
    }));
    expect(await refusal(zipOf(entries), { ...limits, maximumUnpacked: 8 * base64.length })).toContain(
      "files unpacked",
    );
    expect(await refusal(zipOf(entries), { ...limits, maximumArchive: 100 })).toContain(
      "BATCH_FILE_TOO_LARGE",
    );
  });
});

test("what fails where the archive lies is told as it is, and is not the archive's fault", async () => {
  const trouble = new Error("the disk is gone");
  const octets = zipOf([{ name: "a.csr" }]);
  const source = { size: octets.length, read: () => Promise.reject(trouble) };
  await expect(readCsrArchive(source, limits).next()).rejects.toBe(trouble);
});

test("a mutated archive is read, or refused with a code; nothing else ever happens", async () => {
  const honest = [
    zipOf([
      { name: "a.csr", content: base64, deflate: true },
      { name: "b.csr", content: base64 },
    ]),
    zipOf([{ name: "é.csr", content: base64, flags: 0x800 }], { comment: "c" }),
  ];
  const seen = { taken: 0, refused: 0 };
  const change = fc.tuple(fc.nat(2000), fc.nat(3), fc.uint8Array({ maxLength: 4 }));
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...honest),
      fc.array(change, { maxLength: 3 }),
      async (octets, changes) => {
        const changed = changes.reduce((left, [at, removed, added]) => {
          const place = at % (left.length + 1);
          return Buffer.concat([
            left.subarray(0, place),
            added,
            left.subarray(place + Math.max(removed, added.length - 1)),
          ]);
        }, octets);
        seen[(await refusal(changed)) === "taken" ? "taken" : "refused"] += 1;
      },
    ),
    { numRuns: 3000 },
  );
  expect(Math.min(seen.taken, seen.refused)).toBeGreaterThan(100);
});
