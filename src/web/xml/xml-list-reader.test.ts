import { describe, expect, test } from "vitest";
import { smallDocument, XmlReader, xmlListReader } from "./index.ts";

const limits = { ...smallDocument, maximumElementsOfChild: 3 };

function children(document: string): string[] {
  const told: string[] = [];
  const reader = xmlListReader(
    {
      onRoot: (name, attributes) => void told.push(`${name} ${JSON.stringify(attributes)}`),
      onChild: (child) => void told.push(JSON.stringify(child)),
    },
    limits,
  );
  reader.write(Buffer.from(document));
  reader.end();
  return told;
}

describe("a document that is a list", () => {
  test("is told child by child", () => {
    expect(children(`<a x="1">\n<b y="2">t<!-- -->u</b> <c><d/></c></a>`)).toEqual([
      `a {"x":"1"}`,
      `{"name":"b","attributes":{"y":"2"},"children":[],"text":"tu"}`,
      `{"name":"c","attributes":{},"children":[{"name":"d","attributes":{},"children":[],"text":""}],"text":""}`,
    ]);
  });

  test.each([
    ["text beside its children", "<a>x<b/></a>", "text beside elements"],
    ["a blank that is none in XML", "<a>\u00a0<b/></a>", "text beside elements"],
    ["a child with too many elements", "<a><b><c/><c/><c/></b></a>", "b with over 3 elements"],
    [
      "text that comments put together",
      `<a><b>${"x".repeat(4000)}<!-- -->${"x".repeat(97)}</b></a>`,
      "text of over",
    ],
  ])("is refused with %s", (_, document, reason) => {
    expect(() => children(document)).toThrow(reason);
  });
});

describe("regular elements of a large document", () => {
  const regular = (take: (match: RegExpExecArray) => boolean) => ({
    pattern: /([ \n]*)<b>([a-z]*)<\/b>/y,
    endTag: "</b>",
    take,
  });

  test("are told to their own taker, nearly all of them, and the others to the handler", () => {
    const document = Buffer.from(`<a><b>first</b>${"<b>x</b>\n".repeat(5000)}<b >y</b><b>z</b></a>`);
    const texts: string[] = [];
    const parsed: string[] = [];
    const handler = {
      onOpen: () => undefined,
      onText: (text: string) => void parsed.push(text.trim()),
      onClose: () => undefined,
    };
    const reader = new XmlReader(
      handler,
      limits,
      regular(([, , text = ""]) => texts.push(text) > 0),
    );
    for (let at = 0; at < document.length; at += 4096) reader.write(document.subarray(at, at + 4096));
    reader.end();
    // Where a piece ends within an element, that one and its neighbour are parsed.
    const told = parsed.filter((text) => text !== "");
    expect(texts.length + told.filter((text) => text === "x" || text === "z").length).toBe(5001);
    expect(told.length).toBeLessThan(40);
    expect(told).toContain("first");
    expect(told).toContain("y");
  });

  test("that their taker leaves are parsed, each once", () => {
    const seen: string[] = [];
    const handler = {
      onOpen: (name: string) => void seen.push(name),
      onText: () => undefined,
      onClose: () => undefined,
    };
    const reader = new XmlReader(
      handler,
      limits,
      regular(() => false),
    );
    reader.write(Buffer.from("<a><b>x</b><b>y</b><b>z</b></a>"));
    reader.end();
    expect(seen).toEqual(["a", "b", "b", "b"]);
  });

  test("are no way around the limit of octets", () => {
    const ignore = () => undefined;
    const reader = new XmlReader(
      { onOpen: ignore, onText: ignore, onClose: ignore },
      limits,
      regular(() => true),
    );
    expect(() => {
      reader.write(Buffer.from(`<a>${"<b>x</b>".repeat(10_000)}</a>`));
    }).toThrow("larger than this address takes");
  });
});
