import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import { readXmlDocument, smallDocument, writeXmlDocument, XmlReader, xmlElement } from "./index.ts";
import { mutatedDocument } from "./xml.testdata.ts";

const read = (text: string) => readXmlDocument(Buffer.from(text));

function refusal(document: string | Uint8Array): SmkiError {
  try {
    readXmlDocument(typeof document === "string" ? Buffer.from(document) : document);
  } catch (error) {
    if (error instanceof SmkiError) return error;
    throw error;
  }
  throw new Error("accepted");
}

describe("a small XML document", () => {
  test("is read with its elements, attributes and text", () => {
    expect(read(`<?xml version="1.0" encoding="utf-8"?>\n<a b="1 &lt; 2"><c>x</c><d/>&amp;</a>\n`)).toEqual({
      name: "a",
      attributes: { b: "1 < 2" },
      text: "&",
      children: [
        { name: "c", attributes: {}, text: "x", children: [] },
        { name: "d", attributes: {}, text: "", children: [] },
      ],
    });
  });

  test("has all the text around a comment, so that a comment cannot shorten a value", () => {
    expect(read("<a>90-B3<!-- -->-D5</a>").text).toBe("90-B3-D5");
  });

  test("may begin with a byte order mark, with one", () => {
    expect(read("\ufeff<a/>").name).toBe("a");
    expect(refusal("\ufeff\ufeff<a/>").code).toBe("XML_INVALID");
  });

  test("keeps names that an object has by itself apart from what the document says", () => {
    expect(read(`<constructor toString="1" __proto__="2"/>`).attributes).toMatchObject({ toString: "1" });
    expect(({} as Record<string, unknown>)["2"]).toBeUndefined();
  });
});

describe("XML that no honest client sends is refused:", () => {
  test.each([
    ["nothing", ""],
    ["blanks only", "  \n"],
    ["no element", "CertificateSearchRequest"],
    ["a document type", "<!DOCTYPE a><a/>"],
    ["an external document type", `<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>`],
    ["an entity of its own", `<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>`],
    ["an external entity", `<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>`],
    ["an undefined entity", "<a>&e;</a>"],
    ["an undefined entity named as a property of objects", "<a>&constructor;</a>"],
    ["a processing instruction", `<a><?php echo 1 ?></a>`],
    ["a style sheet before the root", `<?xml-stylesheet href="x"?><a/>`],
    ["an XML declaration that is late", ` <?xml version="1.0"?><a/>`],
    ["a CDATA section", "<a><![CDATA[x]]></a>"],
    ["another XML version", `<?xml version="1.1"?><a/>`],
    ["another encoding", `<?xml version="1.0" encoding="ISO-8859-1"?><a/>`],
    ["two roots", "<a/><a/>"],
    ["an element that is not closed", "<a><b></a>"],
    ["an attribute given twice", `<a b="1" b="2"/>`],
    ["an attribute without quotes", "<a b=1/>"],
    ["a character that XML has not", "<a>\u0001</a>"],
    ["a reference to such a character", "<a>&#0;</a>"],
    ["text after the root", "<a/>x"],
    ["an end in the middle", "<a"],
  ])("%s", (_, document) => {
    expect(refusal(document)).toMatchObject({ code: "XML_INVALID" });
  });

  test.each([
    ["an octet that is not UTF-8", [0x3c, 0x61, 0x3e, 0xff, 0x3c, 0x2f, 0x61, 0x3e]],
    ["an overlong sequence", [0x3c, 0x61, 0x3e, 0xc0, 0xbc, 0x3c, 0x2f, 0x61, 0x3e]],
    ["an encoded surrogate", [0x3c, 0x61, 0x3e, 0xed, 0xa0, 0x80, 0x3c, 0x2f, 0x61, 0x3e]],
    ["a character cut off at the end", [0x3c, 0x61, 0x2f, 0x3e, 0xe2, 0x82]],
    ["UTF-16", [...Buffer.from("<a/>", "utf16le")]],
  ])("%s", (_, octets) => {
    expect(refusal(Buffer.from(octets)).code).toBe("XML_INVALID");
  });
});

describe("each limit is met at its value and refused one above:", () => {
  const nested = (depth: number) => "<a>".repeat(depth) + "</a>".repeat(depth);
  const attributes = (count: number) =>
    `<a ${Array.from({ length: count }, (_, index) => `b${String(index)}=""`).join(" ")}/>`;
  const { maximumDepth, maximumAttributes, maximumTokenLength, maximumOctets } = smallDocument;
  const padded = (octets: number) => `<a>${"<b/>".repeat((octets - 8) / 4)} </a>`;
  test.each([
    ["depth", nested, maximumDepth],
    ["attributes", attributes, maximumAttributes],
    ["text", (length: number) => `<a>${"x".repeat(length)}</a>`, maximumTokenLength],
    ["text in references", (length: number) => `<a>${"&#65;".repeat(length)}</a>`, maximumTokenLength],
    ["an attribute's value", (length: number) => `<a b="${"x".repeat(length)}"/>`, maximumTokenLength],
    ["a name", (length: number) => `<${"x".repeat(length)}/>`, maximumTokenLength],
    ["a comment", (length: number) => `<a><!--${"x".repeat(length)}--></a>`, maximumTokenLength],
  ])("%s", (_, document, limit) => {
    expect(() => read(document(limit))).not.toThrow();
    expect(refusal(document(limit + 1)).code).toBe("XML_INVALID");
  });
  test("octets", () => {
    expect(() => read(padded(maximumOctets))).not.toThrow();
    expect(refusal(padded(maximumOctets + 4)).code).toBe("REQUEST_TOO_LARGE");
  });

  test("a token that never ends is refused long before the document does", () => {
    const limits = { ...smallDocument, maximumOctets: 2 ** 30 };
    const ignore = () => undefined;
    for (const begin of ["<a>", "<a", `<a b="`, "<!--", "<!DOCTYPE a [", "<?x ", "<a><![CDATA[", "<a>&"]) {
      const reader = new XmlReader({ onOpen: ignore, onText: ignore, onClose: ignore }, limits);
      reader.write(Buffer.from(begin));
      let written = 0;
      const block = Buffer.alloc(1024, "x");
      expect(() => {
        for (; written < 2 ** 20; written += block.length) reader.write(block);
      }, begin).toThrow(SmkiError);
      expect(written, begin).toBeLessThan(64 * 1024);
    }
  });
});

describe("a document that arrives in pieces", () => {
  const events = (pieces: readonly Uint8Array[]) => {
    const told: string[] = [];
    let text = "";
    const flush = () => {
      if (text !== "") told.push(`text ${text}`);
      text = "";
    };
    const reader = new XmlReader(
      {
        onOpen: (name, attributes) => {
          flush();
          told.push(`open ${name} ${JSON.stringify(attributes)}`);
        },
        onText: (more) => {
          text += more;
        },
        onClose: (name) => {
          flush();
          told.push(`close ${name}`);
        },
      },
      smallDocument,
    );
    for (const piece of pieces) reader.write(piece);
    reader.end();
    return told;
  };

  test("says the same wherever it is cut, within a character too", () => {
    const document = Buffer.from(
      `\ufeff<?xml version="1.0"?>\r\n<a b="é€😀">é€😀\r\n<!-- ü --><c>&#x1F600;</c></a>`,
    );
    const whole = events([document]);
    for (let cut = 0; cut <= document.length; cut += 1)
      expect(events([document.subarray(0, cut), document.subarray(cut)]), String(cut)).toEqual(whole);
    expect(events([...document].map((octet) => Buffer.of(octet)))).toEqual(whole);
  });

  test("cannot be continued after a refusal", () => {
    const ignore = () => undefined;
    const reader = new XmlReader({ onOpen: ignore, onText: ignore, onClose: ignore }, smallDocument);
    expect(() => {
      reader.write(Buffer.from("</a>"));
    }).toThrow(SmkiError);
    expect(() => {
      reader.write(Buffer.from("<a/>"));
    }).toThrow("reading is over");
    expect(() => {
      reader.end();
    }).toThrow("reading is over");
  });

  test("is over when its reader's caller throws, and throws just that", () => {
    const trouble = new Error("trouble of the caller");
    const ignore = () => undefined;
    const handler = {
      onOpen: () => {
        throw trouble;
      },
      onText: ignore,
      onClose: ignore,
    };
    expect(() => {
      new XmlReader(handler, smallDocument).write(Buffer.from("<a/>"));
    }).toThrow(trouble);
  });
});

test("a mutated document is read, or refused with a code; nothing else ever happens", () => {
  let accepted = 0;
  let refused = 0;
  fc.assert(
    fc.property(mutatedDocument, (octets) => {
      try {
        expect(readXmlDocument(octets).name).not.toBe("");
        accepted += 1;
      } catch (error) {
        if (!isSmkiError(error, "XML_INVALID") && !isSmkiError(error, "REQUEST_TOO_LARGE")) throw error;
        expect(error.message.length).toBeLessThan(400);
        refused += 1;
      }
    }),
    { numRuns: 3000 },
  );
  // A property that only ever saw one side would say nothing of the other.
  expect(Math.min(accepted, refused)).toBeGreaterThan(100);
});

describe("what is written", () => {
  test("is read back as the same text, whatever it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        const written = writeXmlDocument(xmlElement("a", [xmlElement("b", text)]));
        // biome-ignore format: the characters that XML 1.0 cannot carry
        const carried = text.toWellFormed().replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd");
        expect(read(written).children[0]?.text).toBe(carried);
      }),
      { numRuns: 1000 },
    );
  });
  test("has an element where its content is said to be elements, and never by way of text", () => {
    const written = writeXmlDocument(xmlElement("a", "<b>&amp;</b>"));
    expect(written).toBe(`<?xml version="1.0" encoding="UTF-8"?>\n<a>&lt;b&gt;&amp;amp;&lt;/b&gt;</a>`);
  });
});
