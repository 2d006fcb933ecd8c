export type { RegularElements } from "./regular-elements.ts";
export { readXmlDocument, smallDocument, type XmlElement } from "./xml-document.ts";
export { isXmlSpace, type XmlListLimits, xmlListReader } from "./xml-list-reader.ts";
export { type XmlLimits, XmlReader } from "./xml-reader.ts";
export {
  escapeXmlAttribute,
  escapeXmlText,
  writeXmlDocument,
  type XmlNode,
  xmlDeclaration,
  xmlElement,
} from "./xml-writer.ts";
