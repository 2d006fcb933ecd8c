import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isSmkiError } from "../../errors/smki-error.ts";
import { checkLodging, fileNameOf, isDocumentReference, type Lodging, nameOfTitle } from "./document.ts";
import { documentTypeOf, documentTypeOfFile, documentTypes, TypeCheck } from "./document-types.ts";
import { inParts, partSize, readThrough } from "./read-document.ts";

const known = ["Device Certificate Policy", "SMKI RAPP"];
const good: Lodging = {
  document: "smki-rapp",
  version: "2.10",
  mediaType: "application/pdf",
  for: "dcc",
};
const fieldOf = (lodging: Partial<Lodging>): unknown => {
  try {
    checkLodging({ ...good, ...lodging }, known);
    return undefined;
  } catch (error) {
    return isSmkiError(error, "DOCUMENT_INVALID") ? error.details["field"] : error;
  }
};

describe("A lodging", () => {
  test("of a document that the rules name has the title of the rules, whatever else was given", () => {
    expect(nameOfTitle("SMKI RAPP")).toBe("smki-rapp");
    expect(checkLodging({ ...good, title: "Another" }, known).title).toBe("SMKI RAPP");
  });
  test.each([
    ["document", ["", "SMKI-RAPP", "a b", "../x", "a--b", "-a", "a/b", "a%2fb", "é", "a".repeat(81)]],
    ["version", ["", "v1", "1.", ".1", "01", "1.00", "10000", "1.2.3.4.5", "-1", "1 ", "1\n"]],
    ["mediaType", ["", "text/html", "image/svg+xml", "application/xml", "application/pdfx", "*/*"]],
    ["title", ["a\nb", "\u001b[2J", "a".repeat(201), "\ud800"]],
    ["reference", ["a\u0000", "a".repeat(201)]],
  ] as const)("has a %s in its form", (field, values) => {
    const base = field === "title" ? { document: "new", reference: "PMA 7" } : {};
    for (const value of values) expect(fieldOf({ ...base, [field]: value }), value).toBe(field);
    expect(fieldOf(base)).toBeUndefined();
  });
  test("for the PMA or the Code Administrator has the reference of the check of the officer's identity", () => {
    for (const owner of ["pma", "code-administrator"] as const) {
      expect(fieldOf({ for: owner })).toBe("reference");
      expect(fieldOf({ for: owner, reference: "  " })).toBe("reference");
      expect(fieldOf({ for: owner, reference: "SD 4711" })).toBeUndefined();
    }
  });
  test("of any other document has the reference of the PMA's direction", () => {
    expect(fieldOf({ document: "something-else", title: "Something else" })).toBe("reference");
  });
});

test("what is no name of a document or no version is asked of no database", () => {
  expect(isDocumentReference("smki-rapp", "1.0")).toBe(true);
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (name, version) => {
      if (isDocumentReference(name, version)) expect(`${name}/${version}`).toMatch(/^[a-z0-9-]+\/[0-9.]+$/);
    }),
  );
});

test("a file's name tells its type, and the name under which a version is saved does", () => {
  for (const { extension, mediaType } of documentTypes) {
    expect(documentTypeOfFile(`/tmp/A.${extension.toUpperCase()}`)?.mediaType).toBe(mediaType);
    const saved = fileNameOf({ document: "smki-rapp", version: "1.0", mediaType });
    expect(saved).toBe(`smki-rapp-1.0.${extension}`);
  }
  expect(documentTypeOfFile("pdf")).toBeUndefined();
  expect(documentTypeOf("Application/PDF ; a=b")?.extension).toBe("pdf");
});

const isA = (mediaType: string, parts: readonly Uint8Array[]): boolean => {
  const check = new TypeCheck(documentTypeOf(mediaType) ?? expect.fail("no such type"));
  for (const part of parts) check.write(part);
  return check.end();
};
const inTwo = (octets: Buffer, at: number) => [octets.subarray(0, at), octets.subarray(at)];

describe("Octets are of their type", () => {
  test("where they begin as that does, however they arrive", () => {
    const pdf = Buffer.from("%PDF-1.7 and so on");
    for (let at = 0; at <= pdf.length; at += 1) expect(isA("application/pdf", inTwo(pdf, at))).toBe(true);
    for (const other of ["", "%PDF", " %PDF-1.7", "<html>", "PK\u0003\u0004"])
      expect(isA("application/pdf", [Buffer.from(other)]), other).toBe(false);
    expect(isA(documentTypes[3]?.mediaType ?? "", [Buffer.from("PK\u0003\u0004...")])).toBe(true);
  });
  test("where text is UTF-8 without a zero, also where a character is torn", () => {
    const text = Buffer.from("Zähler, £ and 電");
    for (let at = 0; at <= text.length; at += 1) expect(isA("text/plain", inTwo(text, at))).toBe(true);
    for (const other of ["ff", "c3", "610062", "7f454c4600", "eda080"])
      expect(isA("text/plain", [Buffer.from(other, "hex")]), other).toBe(false);
  });
});

describe("A document is read", () => {
  const plain = documentTypeOf("text/plain") ?? expect.fail("no text");
  const source = (...parts: Buffer[]) =>
    async function* () {
      yield* parts;
    };
  test("up to the limit, and not an octet further", async () => {
    const ten = Buffer.alloc(10, 0x61);
    expect((await readThrough(source(ten), plain, 10)).octets).toBe(10);
    await expect(readThrough(source(ten, Buffer.from("a")), plain, 10)).rejects.toMatchObject({
      code: "DOCUMENT_TOO_LARGE",
    });
    await expect(readThrough(source(), plain, 10)).rejects.toMatchObject({ code: "DOCUMENT_INVALID" });
  });
  test("into parts of one size, which together are the same octets, however they arrive", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 2 * partSize }), { maxLength: 5 }), async (lengths) => {
        const given = lengths.map((length, index) => Buffer.alloc(length, index + 1));
        const parts: Buffer[] = [];
        for await (const part of inParts(source(...given)())) parts.push(part);
        expect(Buffer.concat(parts).equals(Buffer.concat(given))).toBe(true);
        for (const part of parts.slice(0, -1)) expect(part).toHaveLength(partSize);
        expect(parts.at(-1)?.length).not.toBe(0);
      }),
      { numRuns: 20 },
    );
  });
});
