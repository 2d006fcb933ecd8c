export { readXmlDocument, smallDocument, type XmlElement } from "./xml-document.ts";
export { XmlReader } from "./xml-reader.ts";
export { writeXmlDocument, type XmlNode, xmlElement } from "./xml-writer.ts";
