/** An element to be written: with text, or with elements in their order. The published messages have no attributes. */
export interface XmlNode {
  readonly name: string;
  readonly content: string | readonly XmlNode[];
}

/** Makes an element. @param name - one of the interface's own names, never text from outside */
export function xmlElement(name: string, content: XmlNode["content"]): XmlNode {
  return { name, content };
}

/** Writes an XML 1.0 document, to be sent in UTF-8. */
export function writeXmlDocument(root: XmlNode): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${writeNode(root)}`;
}

function writeNode({ name, content }: XmlNode): string {
  const inner = typeof content === "string" ? escapeText(content) : content.map(writeNode).join("");
  return `<${name}>${inner}</${name}>`;
}

/** What XML 1.0 (2.2) has no way to write at all, not even as a reference. */
const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

const references: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  // A reader would turn a bare one into a line feed (XML 1.0, 2.11).
  "\r": "&#13;",
};

/** Text as it stands between tags. A character that XML cannot carry becomes U+FFFD, as an unpaired surrogate does. */
function escapeText(text: string): string {
  return text
    .toWellFormed()
    .replace(forbidden, "\ufffd")
    .replace(/[&<>"\r]/g, (character) => references[character] ?? character);
}
