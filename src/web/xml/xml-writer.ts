/** An element to be written: with text, or with elements in their order. */
export interface XmlNode {
  readonly name: string;
  readonly content: string | readonly XmlNode[];
  readonly attributes?: XmlAttributes;
}

/** Attributes by name; one that is undefined is not written. */
type XmlAttributes = Readonly<Record<string, string | undefined>>;

/** Makes an element. @param name - as those of the attributes, one of the interface's own, never text from outside */
export function xmlElement(name: string, content: XmlNode["content"], attributes?: XmlAttributes): XmlNode {
  return attributes === undefined ? { name, content } : { name, content, attributes };
}

/** What a document begins with. */
export const xmlDeclaration = `<?xml version="1.0" encoding="UTF-8"?>\n`;

/** Writes an XML 1.0 document, to be sent in UTF-8. */
export function writeXmlDocument(root: XmlNode): string {
  return xmlDeclaration + writeNode(root);
}

function writeNode({ name, content, attributes = {} }: XmlNode): string {
  const inner = typeof content === "string" ? escapeXmlText(content) : content.map(writeNode).join("");
  const written = Object.entries(attributes).map(([attribute, value]) =>
    value === undefined ? "" : ` ${attribute}="${escapeXmlAttribute(value)}"`,
  );
  return `<${name}${written.join("")}>${inner}</${name}>`;
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
  // Within an attribute it would turn these two into a blank (3.3.3).
  "\n": "&#10;",
  "\t": "&#9;",
};

/** Text as it stands between tags. A character that XML cannot carry becomes U+FFFD, as an unpaired surrogate does. */
export function escapeXmlText(text: string): string {
  return carried(text).replace(/[&<>"\r]/g, reference);
}

/** Text as it stands between the double quotes of an attribute, as `escapeXmlText`. */
export function escapeXmlAttribute(text: string): string {
  return carried(text).replace(/[&<>"\r\n\t]/g, reference);
}

const carried = (text: string): string => text.toWellFormed().replace(forbidden, "\ufffd");
const reference = (character: string): string => references[character] ?? character;
