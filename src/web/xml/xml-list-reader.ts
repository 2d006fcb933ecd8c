import { SmkiError } from "../../errors/smki-error.ts";
import type { RegularElements } from "./regular-elements.ts";
import type { XmlElement } from "./xml-document.ts";
import { type XmlLimits, XmlReader } from "./xml-reader.ts";

/** What a document may be that is a long list of small elements. */
export interface XmlListLimits extends XmlLimits {
  /** Elements in one child of the root, itself counted. */
  readonly maximumElementsOfChild: number;
}

/** What is told of such a document, in its order. */
export interface XmlListHandler {
  readonly onRoot: (name: string, attributes: Readonly<Record<string, string>>) => void;
  /** A child of the root, whole. */
  readonly onChild: (child: XmlElement) => void;
}

interface Growing extends XmlElement {
  readonly children: Growing[];
  text: string;
}

/** White space of XML 1.0 (2.3), and nothing else. */
export const isXmlSpace = (text: string): boolean => !/[^ \t\r\n]/.test(text);

/**
 * Reads a document that is a long list of small elements as it arrives: each child of the root whole, and only
 * one of them in memory. Text beside the children is refused.
 *
 * @returns a reader to write to, as `XmlReader`
 */
export function xmlListReader(
  { onRoot, onChild }: XmlListHandler,
  limits: XmlListLimits,
  regular?: RegularElements,
): XmlReader {
  const { maximumElementsOfChild, maximumTokenLength } = limits;
  let isRootOpen = false;
  let elements = 0;
  const open: Growing[] = [];
  const handler = {
    onOpen: (name: string, attributes: Readonly<Record<string, string>>) => {
      if (!isRootOpen) {
        isRootOpen = true;
        onRoot(name, attributes);
        return;
      }
      const parent = open.at(-1);
      elements = parent === undefined ? 1 : elements + 1;
      if (elements > maximumElementsOfChild)
        throw invalid(`${open[0]?.name ?? name} with over ${String(maximumElementsOfChild)} elements`);
      const element: Growing = { name, attributes, children: [], text: "" };
      parent?.children.push(element);
      open.push(element);
    },
    onText: (text: string) => {
      const element = open.at(-1);
      if (element !== undefined) {
        element.text += text;
        // Comments break text into pieces, each of which the reader limits by itself.
        if (element.text.length > maximumTokenLength)
          throw invalid(`text of over ${String(maximumTokenLength)} characters`);
      } else if (!isXmlSpace(text)) throw invalid("text beside elements");
    },
    onClose: () => {
      const element = open.pop();
      if (element !== undefined && open.length === 0) onChild(element);
    },
  };
  return new XmlReader(handler, limits, regular);
}

const invalid = (reason: string): SmkiError => new SmkiError("XML_INVALID", { reason });
