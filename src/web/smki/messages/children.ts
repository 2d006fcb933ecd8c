import { SmkiError } from "../../../errors/smki-error.ts";
import { isXmlSpace, type XmlElement } from "../../xml/index.ts";
import { type Base64Whitespace, decodeBase64Text } from "./base64-text.ts";
import type { MessageError } from "./statuses.ts";

/** The children of an element, taken one after another in the order that a schema gives them. */
export class Children {
  readonly #parent: string;
  readonly #children: readonly XmlElement[];
  #at = 0;

  /** @throws SmkiError MESSAGE_INVALID, if there is text beside the children */
  constructor(parent: XmlElement) {
    if (!isXmlSpace(parent.text)) throw invalid(`text in ${parent.name}`);
    this.#parent = parent.name;
    this.#children = parent.children;
  }

  /** Whether the next child is of that name. */
  isNext(name: string): boolean {
    return this.#children[this.#at]?.name === name;
  }

  /** The next child. @throws SmkiError MESSAGE_INVALID, if it is another or there is none */
  next(name: string): XmlElement {
    const child = this.#children[this.#at];
    if (child?.name !== name) throw invalid(`${name} expected in ${this.#parent}${foundInstead(child)}`);
    this.#at += 1;
    return child;
  }

  /** @throws SmkiError MESSAGE_INVALID, if children are left */
  end(): void {
    const child = this.#children[this.#at];
    if (child !== undefined) throw invalid(`no more expected in ${this.#parent}${foundInstead(child)}`);
  }
}

const foundInstead = (child: XmlElement | undefined): string =>
  child === undefined ? "" : `, found ${child.name.slice(0, 40)}`;

/** @param reason - of our own words and of names in the message, shortened */
export const invalid = (reason: string): SmkiError => new SmkiError("MESSAGE_INVALID", { reason });

/** Requires an element to have no attribute. */
function requireNoAttributes({ name, attributes }: XmlElement): void {
  const [attribute] = Object.keys(attributes);
  if (attribute !== undefined) throw invalid(`attribute ${attribute.slice(0, 40)} of ${name}`);
}

/** The text of an element that has nothing but text. */
export function textOf(element: XmlElement): string {
  requireNoAttributes(element);
  return textOfLeaf(element);
}

/** The text of an element that has attributes, which the caller reads. */
export function textOfLeaf({ name, children, text }: XmlElement): string {
  if (children.length > 0) throw invalid(`element in ${name}`);
  return text;
}

/** @throws SmkiError MESSAGE_VERSION_UNSUPPORTED */
export function requireVersion(element: XmlElement): void {
  const version = textOf(element);
  if (version !== "1.0")
    throw new SmkiError("MESSAGE_VERSION_UNSUPPORTED", { version: version.slice(0, 20) });
}

/** A value of a list, exactly as it is written there. */
export function oneOf<Value extends string>(element: XmlElement, values: readonly Value[]): Value {
  const text = textOf(element);
  const value = values.find((known) => known === text);
  if (value === undefined) throw invalid(`${element.name} ${text.slice(0, 40)}`);
  return value;
}

/** A whole number above zero (xs:positiveInteger), of at most 40 digits. @returns its digits, no leading zeros */
export function positiveIntegerOf(element: XmlElement): string {
  const digits = /^[ \t\r\n]*\+?0*([1-9][0-9]{0,39})[ \t\r\n]*$/.exec(textOf(element))?.[1];
  if (digits === undefined) throw invalid(`${element.name} is no number above zero`);
  return digits;
}

/** The certificate of an answer, DER. */
export function certificateOf(element: XmlElement, whitespace: Base64Whitespace): Buffer {
  const certificate = decodeBase64Text(textOf(element), whitespace);
  if (certificate.length === 0) throw invalid("empty Certificate");
  return certificate;
}

/** Error. Its prefix is not held against the status: whatever a service says is worth showing to a person. */
export function errorOf(element: XmlElement): MessageError {
  requireNoAttributes(element);
  const children = new Children(element);
  const code = textOf(children.next("ErrorCode"));
  const text = textOf(children.next("ErrorText"));
  children.end();
  if (code.length > 10 || !/^[A-Z]{2}:[A-Za-z0-9]+$/.test(code)) throw invalid("ErrorCode of another form");
  return { code, text };
}
