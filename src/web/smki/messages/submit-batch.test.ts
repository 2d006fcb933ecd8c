import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isSmkiError } from "../../../errors/smki-error.ts";
import { type BatchedCsr, SubmitBatchReader, writeSubmitBatch } from "./index.ts";
import { csrs, mutatedBatch } from "./messages.testdata.ts";

interface Told {
  readonly reference: string | undefined;
  readonly csrs: readonly BatchedCsr[];
  readonly refused?: string;
}

/** Reads a document in pieces, and tells what came of it. */
function read(
  octets: Uint8Array,
  {
    cuts = [],
    ...options
  }: { cuts?: readonly number[] } & Partial<ConstructorParameters<typeof SubmitBatchReader>[0]> = {},
): Told {
  const reader = new SubmitBatchReader({ maximumCsrs: 50_000, ...options });
  const told: BatchedCsr[] = [];
  const ends = [...new Set([...cuts.map((cut) => cut % (octets.length + 1)), octets.length])];
  try {
    let start = 0;
    for (const end of ends.sort((left, right) => left - right)) {
      told.push(...reader.write(octets.subarray(start, end)));
      start = end;
    }
    told.push(...reader.end());
    return { reference: reader.reference, csrs: told };
  } catch (error) {
    if (!isSmkiError(error)) throw error;
    return { reference: reader.reference, csrs: told, refused: error.code };
  }
}

const batch = (inner: string, root = `ID="b1999"`) =>
  Buffer.from(`<?xml version="1.0" encoding="utf-8"?>\n<SubmitCSRBatch ${root}>${inner}</SubmitCSRBatch>`);
const version = "<Version>1.0</Version>";
const csr = (id: string, base64 = "AAAA") => `<DeviceCSR ID="${id}">${base64}</DeviceCSR>`;

async function written(all: readonly BatchedCsr[]): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of writeSubmitBatch("b1999", all)) pieces.push(piece);
  return Buffer.concat(pieces);
}

describe("a batch of CSRs", () => {
  test("is read in its order, as Appendix M writes it", () => {
    const octets = batch(`\n${version}\n${csr("ID0", "MIIB")}\n${csr("ID1", "MIIC")}\n`);
    expect(read(octets)).toEqual({
      reference: "b1999",
      csrs: [
        { clientId: "ID0", request: Buffer.from("MIIB", "base64") },
        { clientId: "ID1", request: Buffer.from("MIIC", "base64") },
      ],
    });
  });

  test("that we write is read back", async () => {
    expect(read(await written(csrs)).csrs).toEqual(csrs);
  });

  test("gives each CSR as soon as it is complete", () => {
    const reader = new SubmitBatchReader({ maximumCsrs: 10 });
    expect(reader.write(batch(`${version}${csr("a")}<DeviceCSR ID="b">AA`).subarray(0, -17))).toHaveLength(1);
    expect(reader.count).toBe(1);
    expect(reader.reference).toBe("b1999");
  });

  const long = "x".repeat(100);
  test.each([
    ["a number as ID", csr("1"), "MESSAGE_CSR_IDENTIFIER_INVALID"],
    ["an ID that begins with a hyphen", csr("-a"), "MESSAGE_CSR_IDENTIFIER_INVALID"],
    ["an ID with a colon", csr("a:b"), "MESSAGE_CSR_IDENTIFIER_INVALID"],
    ["an ID with a blank inside", csr("a b"), "MESSAGE_CSR_IDENTIFIER_INVALID"],
    ["an empty ID", csr(""), "MESSAGE_CSR_IDENTIFIER_INVALID"],
    ["an ID of 100 characters", csr(long), undefined],
    ["an ID of 101 characters", csr(`${long}x`), "MESSAGE_CSR_IDENTIFIER_INVALID"],
    ["no ID", "<DeviceCSR>AAAA</DeviceCSR>", "MESSAGE_CSR_IDENTIFIER_INVALID"],
    ["blanks around an ID, which the type does not count", csr(`  ${long} `), undefined],
    ["an ID given twice", csr("a") + csr("b") + csr("a"), "MESSAGE_CSR_IDENTIFIER_REPEATED"],
    ["an ID given twice, once with blanks", csr("a") + csr(" a "), "MESSAGE_CSR_IDENTIFIER_REPEATED"],
    ["IDs that differ in capitals", csr("a") + csr("A"), undefined],
    ["the names that objects have", csr("__proto__") + csr("constructor"), undefined],
    ["another attribute", `<DeviceCSR ID="a" Id="b">AAAA</DeviceCSR>`, "MESSAGE_INVALID"],
    ["white space in the Base64", csr("a", "AA\nAA"), "MESSAGE_BASE64_INVALID"],
    ["a CSR without octets, which is its own fault only", csr("a", ""), undefined],
    ["an element in a CSR", csr("a", "<b/>"), "XML_INVALID"],
    ["text between CSRs", `${csr("a")}x${csr("b")}`, "XML_INVALID"],
    ["Version twice", version + csr("a"), "MESSAGE_INVALID"],
    ["another element", `${csr("a")}<OtherCSR ID="b">AAAA</OtherCSR>`, "MESSAGE_INVALID"],
    ["a CSR after Base64 of 8 KiB", csr("a", "A".repeat(8192)) + csr("b"), undefined],
    ["Base64 of over 8 KiB", csr("a") + csr("b", "A".repeat(8196)), "XML_INVALID"],
    [
      "comments that make Base64 longer",
      csr("a", `${"A".repeat(8000)}<!-- -->${"A".repeat(400)}`),
      "XML_INVALID",
    ],
    ["an element within an element", csr("a", "<a><b/></a>"), "XML_INVALID"],
    ["nine attributes", csr(`a"${" b='c'".repeat(9)} d="`), "XML_INVALID"],
    ["a processing instruction", `<?xml-stylesheet href="x"?>${csr("a")}`, "XML_INVALID"],
    ["a CDATA section", csr("a", "<![CDATA[AAAA]]>"), "XML_INVALID"],
    ["an entity of nobody", csr("a", "&e;"), "XML_INVALID"],
    ["a comment of over 8 KiB", `<!--${"x".repeat(8193)}-->${csr("a")}`, "XML_INVALID"],
    ["no CSR", "", "BATCH_EMPTY"],
  ])("with %s", (_, inner, refused) => {
    for (const takesRegularElements of [true, false])
      expect(read(batch(version + inner), { takesRegularElements }).refused).toBe(refused);
  });

  test.each([
    ["no Version", batch(csr("a")), "MESSAGE_INVALID"],
    ["another Version", batch(`<Version>1.1</Version>${csr("a")}`), "MESSAGE_VERSION_UNSUPPORTED"],
    ["an ID of 256 characters", batch(version + csr("a"), `ID="${"é".repeat(256)}"`), undefined],
    [
      "an ID of 257 characters",
      batch(version + csr("a"), `ID="${"é".repeat(257)}"`),
      "MESSAGE_REFERENCE_INVALID",
    ],
    ["no ID", batch(version + csr("a"), ""), "MESSAGE_REFERENCE_INVALID"],
    ["another root", Buffer.from("<a/>"), "MESSAGE_INVALID"],
    [
      "a document type",
      Buffer.from(`<!DOCTYPE SubmitCSRBatch [<!ENTITY a "b">]>${batch(version + csr("a")).toString()}`),
      "XML_INVALID",
    ],
    [
      "another encoding declared",
      Buffer.from(
        batch(version + csr("a"))
          .toString()
          .replace("utf-8", "utf-16"),
      ),
      "XML_INVALID",
    ],
    [
      "octets that are not UTF-8",
      Buffer.concat([batch(version + csr("a")), Buffer.from([0xff])]),
      "XML_INVALID",
    ],
    ["UTF-16", Buffer.from(`\ufeff${batch(version + csr("a")).toString()}`, "utf16le"), "XML_INVALID"],
    ["one byte order mark", Buffer.from(`\ufeff${batch(version + csr("a")).toString()}`), undefined],
    ["an end in the middle", batch(version + csr("a")).subarray(0, -3), "XML_INVALID"],
    ["a second root", Buffer.concat([batch(version + csr("a")), Buffer.from("<a/>")]), "XML_INVALID"],
    [
      "a CSR after the root",
      Buffer.concat([batch(version + csr("a")), Buffer.from(csr("b"))]),
      "XML_INVALID",
    ],
  ])("whose document has %s", (_, octets, refused) => {
    for (const takesRegularElements of [true, false])
      expect(read(octets, { takesRegularElements }).refused).toBe(refused);
  });

  test("is refused as soon as it has one CSR too many, and says its own ID all the same", () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, index) => csr(`i${String(index)}`)).join("");
    for (const takesRegularElements of [true, false]) {
      const options = { maximumCsrs: 5, takesRegularElements };
      expect(read(batch(version + many(5)), options).refused).toBeUndefined();
      // What follows would not be XML any more.
      const told = read(batch(`${version}${many(6)}<<<<`), options);
      expect(told).toMatchObject({ refused: "BATCH_TOO_LARGE", reference: "b1999" });
    }
  });
});

describe("regular elements that are taken without the parser", () => {
  const cuts = fc.array(fc.nat(5000), { maxLength: 6 });

  test("give the same CSRs and the same verdict as the parser does, wherever the document is cut", () => {
    let taken = 0;
    let refused = 0;
    fc.assert(
      fc.property(mutatedBatch, cuts, fc.boolean(), (octets, at, isStrict) => {
        const whitespace = isStrict ? "refused" : "collapsed";
        const fast = read(octets, { cuts: at, whitespace });
        const slow = read(octets, { cuts: at, whitespace, takesRegularElements: false });
        expect(fast.refused === undefined).toBe(slow.refused === undefined);
        expect(fast.reference).toBe(slow.reference);
        if (slow.refused === undefined) expect(fast.csrs).toEqual(slow.csrs);
        if (slow.refused === undefined) taken += 1;
        else refused += 1;
      }),
      { numRuns: 4000 },
    );
    expect(Math.min(taken, refused)).toBeGreaterThan(100);
  });

  /** Pieces of a batch after which the parser may stand where no element can begin. */
  const piece = fc.constantFrom(
    ...[csr("a"), csr("b"), csr("c"), csr("d", "AA=="), `<DeviceCSR ID='e'>AAAA</DeviceCSR>`],
    ...[csr("f", "AB=="), csr("a"), csr("g", "&#65;AAA"), csr("h", " AAAA"), csr("é"), csr("1")],
    ...["<!-- ", " -->", "<![CDATA[", "]]>", "<x>", "</x>", "<x/>", "&amp;", "\r", "\n", "\r\n ", "]]", "&"],
    ...[
      "</SubmitCSRBatch>",
      `<DeviceCSR ID="z" a="`,
      `">`,
      `<DeviceCSR ID="y">`,
      "</DeviceCSR>",
      "<?p ",
      "?>",
    ],
    ...["\u0000", "\ufeff", "é", "x"],
  );
  const patchwork = fc
    .array(fc.oneof({ weight: 2, arbitrary: fc.constantFrom(csr("p"), csr("q"), csr("r"), "\n") }, piece), {
      maxLength: 8,
    })
    .map((pieces) => batch(`\n${version}${pieces.join("")}`));

  test("are never taken where the parser would see none: in comments, in values, after the root", () => {
    const seen = { taken: 0, refused: 0 };
    fc.assert(
      fc.property(patchwork, cuts, (octets, at) => {
        const fast = read(octets, { cuts: at });
        const slow = read(octets, { cuts: at, takesRegularElements: false });
        expect(fast.refused === undefined).toBe(slow.refused === undefined);
        if (slow.refused === undefined) expect(fast).toEqual(slow);
        seen[slow.refused === undefined ? "taken" : "refused"] += 1;
      }),
      { numRuns: 6000 },
    );
    expect(Math.min(seen.taken, seen.refused)).toBeGreaterThan(300);
  });

  test("do not move the line and column that a refusal names", () => {
    const octets = batch(`\n${version}\n${csr("a")}\r\n  ${csr("b")}\r${csr("c")}${csr("d")}\n <x y>`);
    const messageOf = (takesRegularElements: boolean) => {
      try {
        const reader = new SubmitBatchReader({ maximumCsrs: 9, takesRegularElements });
        reader.write(octets);
        reader.end();
        return "";
      } catch (error) {
        return String(error);
      }
    };
    expect(messageOf(true)).toBe(messageOf(false));
    expect(messageOf(true)).toMatch(/7:\d+/);
  });
});
