import { type XmlLimits, XmlReader } from "./xml-reader.ts";

/** An element with everything in it. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** Its own text, all pieces together. */
  readonly text: string;
}

/** Enough for a request of a few parameters: 64 KiB. */
export const smallDocument: XmlLimits = {
  maximumOctets: 64 * 1024,
  maximumDepth: 8,
  maximumAttributes: 8,
  maximumTokenLength: 4096,
};

interface Growing extends XmlElement {
  readonly children: Growing[];
  text: string;
}

/**
 * Reads a small document whole.
 *
 * @returns its root element
 * @throws SmkiError XML_INVALID, REQUEST_TOO_LARGE
 */
export function readXmlDocument(octets: Uint8Array, limits: XmlLimits = smallDocument): XmlElement {
  const document: Growing = { name: "", attributes: {}, children: [], text: "" };
  const open: Growing[] = [document];
  const innermost = (): Growing => open.at(-1) ?? document;
  const reader = new XmlReader(
    {
      onOpen: (name, attributes) => {
        const element: Growing = { name, attributes, children: [], text: "" };
        innermost().children.push(element);
        open.push(element);
      },
      onText: (text) => {
        innermost().text += text;
      },
      onClose: () => {
        open.pop();
      },
    },
    limits,
  );
  reader.write(octets);
  reader.end();
  // The reader refuses a document without a root.
  return document.children[0] ?? document;
}
