import { inflateSync } from "node:zlib";

/**
 * The text of each page of a PDF, as a viewer would copy it: each font's glyphs by its own table to Unicode
 * (ISO 32000-1, 9.10.3). Enough for the files that are made here, and for no others.
 */
export function textOfPages(pdf: Buffer): string[] {
  const objects = readObjects(pdf);
  const pages = [...objects.values()].filter(({ head }) => /\/Type \/Page\b/.test(head));
  return pages.map((page) => textOf(page, objects));
}

interface PdfObject {
  readonly head: string;
  readonly stream: string;
}

function readObjects(pdf: Buffer): Map<string, PdfObject> {
  const objects = new Map<string, PdfObject>();
  const text = pdf.toString("latin1");
  for (const { 1: number = "", 2: body = "" } of text.matchAll(/(?:^|\n)(\d+) 0 obj\n([\s\S]*?)\nendobj/g)) {
    const at = body.indexOf("stream\n");
    const head = at < 0 ? body : body.slice(0, at);
    const length = Number(/\/Length (\d+)/.exec(head)?.[1] ?? 0);
    const octets = Buffer.from(at < 0 ? "" : body.slice(at + 7, at + 7 + length), "latin1");
    const stream = head.includes("/FlateDecode") ? inflateSync(octets) : octets;
    objects.set(number, { head, stream: stream.toString("latin1") });
  }
  return objects;
}

function textOf(page: PdfObject, objects: Map<string, PdfObject>): string {
  const get = (reference: string | undefined) => objects.get(reference ?? "") ?? { head: "", stream: "" };
  const resources = get(/\/Resources (\d+) 0 R/.exec(page.head)?.[1]).head;
  const contents = get(/\/Contents (\d+) 0 R/.exec(page.head)?.[1]).stream;
  const tables = new Map<string, Map<string, string>>();
  for (const { 1: name = "", 2: font } of resources.matchAll(/\/(F\d+) (\d+) 0 R/g))
    tables.set(name, unicodeOf(get(/\/ToUnicode (\d+) 0 R/.exec(get(font).head)?.[1]).stream));
  let table = new Map<string, string>();
  let text = "";
  for (const { 1: font, 2: shown } of contents.matchAll(/\/(F\d+) [\d.]+ Tf|\[(.*?)\] TJ/g)) {
    if (font !== undefined) table = tables.get(font) ?? table;
    for (const { 1: glyphs = "" } of (shown ?? "").matchAll(/<([0-9a-f]*)>/g))
      text += (glyphs.match(/.{4}/g) ?? []).map((glyph) => table.get(glyph) ?? "\ufffd").join("");
    if (shown !== undefined) text += " ";
  }
  return text.replace(/\s+/g, " ");
}

/** A font's glyphs, by four hexadecimal digits. */
function unicodeOf(cmap: string): Map<string, string> {
  const table = new Map<string, string>();
  for (const { 1: first = "", 2: values = "" } of cmap.matchAll(/<([0-9a-f]{4})> <[0-9a-f]{4}> \[(.*?)\]/g))
    for (const [index, { 1: value = "" }] of [...values.matchAll(/<([0-9a-f ]*)>/g)].entries()) {
      const glyph = (Number.parseInt(first, 16) + index).toString(16).padStart(4, "0");
      table.set(glyph, Buffer.from(value.replaceAll(" ", ""), "hex").swap16().toString("utf16le"));
    }
  return table;
}
