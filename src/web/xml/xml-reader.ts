import { SaxesParser, type SaxesTagPlain } from "saxes";
import { SmkiError } from "../../errors/smki-error.ts";
import { type RegularElements, takeRegularElements } from "./regular-elements.ts";

/** What a document may be at the most. Whoever reads a kind of document knows how large an honest one is. */
export interface XmlLimits {
  readonly maximumOctets: number;
  /** Elements within each other; the root counts as 1. */
  readonly maximumDepth: number;
  /** Attributes of one element. */
  readonly maximumAttributes: number;
  /** Characters of one name, attribute value, comment or unbroken run of text. */
  readonly maximumTokenLength: number;
}

/** What is told of a document, in its order. Text may come in several pieces, broken by comments. */
export interface XmlHandler {
  readonly onOpen: (name: string, attributes: Readonly<Record<string, string>>) => void;
  readonly onText: (text: string) => void;
  readonly onClose: (name: string) => void;
}

/** Octets that the parser is given at once: how far a token may pass its limit before that is seen. */
const sliceOctets = 16 * 1024;

/** Characters that one takes when it is written as a reference: `&#1114111;`. */
const referenceLength = 10;

/**
 * Reads untrusted XML 1.0 in UTF-8 as it arrives, in memory that its length does not decide.
 *
 * No published SMKI message needs a document type, an entity of its own, a processing instruction or CDATA, and
 * each is a way to make a small document costly or to have it read in two ways; so all are refused. The five
 * predefined entities, character references and comments are understood. Namespaces are not resolved.
 *
 * @example
 * ```ts
 * const reader = new XmlReader(handler, limits);
 * for await (const octets of request.raw) reader.write(octets);
 * reader.end();
 * ```
 */
export class XmlReader {
  readonly #limits: XmlLimits;
  readonly #parser = new SaxesParser({ xmlns: false, defaultXMLVersion: "1.0", forceXMLVersion: true });
  // The parser takes the byte order mark itself, and once.
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  #octets = 0;
  #characters = 0;
  #depth = 0;
  #attributes = 0;
  /** Where the last token ended; a token that is never finished is seen by the distance from it. */
  #lastTokenEnd = 0;
  /** Where the last child of the root ended; no place, as long as there was none. */
  #lastChildEnd = -1;
  #isOver = false;
  readonly #regular: RegularElements | undefined;

  /**
   * @param handler - may throw; reading is over then, and what it threw is thrown to the caller
   * @param regular - children of the root that are so regular that they need no parser; told to their own taker
   */
  constructor(handler: XmlHandler, limits: XmlLimits, regular?: RegularElements) {
    this.#limits = limits;
    this.#regular = regular;
    const parser = this.#parser;
    parser.on("error", ({ message }) => {
      // "line:column: what is wrong."
      throw invalid(message.slice(0, 160).replace(/\.$/, ""));
    });
    parser.on("xmldecl", ({ version, encoding }) => {
      if (version !== "1.0") throw this.#refuse("XML version other than 1.0");
      if (encoding !== undefined && encoding.toLowerCase() !== "utf-8")
        throw this.#refuse("declared encoding other than UTF-8");
      this.#finishToken();
    });
    parser.on("doctype", () => {
      throw this.#refuse("document type");
    });
    parser.on("processinginstruction", () => {
      throw this.#refuse("processing instruction");
    });
    parser.on("cdata", () => {
      throw this.#refuse("CDATA section");
    });
    parser.on("comment", (comment) => {
      this.#finishToken(comment);
    });
    parser.on("text", (text) => {
      this.#finishToken(text);
      if (this.#depth > 0) handler.onText(text);
    });
    parser.on("opentagstart", ({ name }) => {
      this.#finishToken(name);
      this.#attributes = 0;
      this.#depth += 1;
      if (this.#depth > limits.maximumDepth) throw this.#refuse(`depth over ${String(limits.maximumDepth)}`);
    });
    parser.on("attribute", ({ name, value }) => {
      this.#finishToken(name);
      this.#finishToken(value);
      this.#attributes += 1;
      if (this.#attributes > limits.maximumAttributes)
        throw this.#refuse(`element with over ${String(limits.maximumAttributes)} attributes`);
    });
    parser.on("opentag", ({ name, attributes }: SaxesTagPlain) => {
      this.#finishToken();
      handler.onOpen(name, attributes);
    });
    parser.on("closetag", ({ name }) => {
      this.#finishToken();
      this.#depth -= 1;
      if (this.#depth === 1) this.#lastChildEnd = this.#parser.position;
      handler.onClose(name);
    });
  }

  /**
   * Reads on. The octets may be cut anywhere, within a character too.
   *
   * @throws SmkiError XML_INVALID, REQUEST_TOO_LARGE; whatever the handler throws
   */
  write(octets: Uint8Array): void {
    this.#guarded(() => {
      this.#octets += octets.length;
      const { maximumOctets } = this.#limits;
      if (this.#octets > maximumOctets) throw new SmkiError("REQUEST_TOO_LARGE", { maximumOctets });
      if (this.#regular === undefined) this.#parseSlices(octets);
      else this.#parseAround(octets, this.#regular);
    });
  }

  /** The document is complete. @throws as `write` does */
  end(): void {
    this.#guarded(() => {
      this.#parse(this.#decode());
      this.#parser.close();
    });
    this.#isOver = true;
  }

  #parseSlices(octets: Uint8Array): void {
    for (let at = 0; at < octets.length; at += sliceOctets)
      this.#parse(this.#decode(octets.subarray(at, at + sliceOctets)));
  }

  /**
   * Takes regular elements where one may begin, and gives everything else to the parser, up to where the next one
   * may. The parser stands in the same state after such an element as before it, so that it can be left out.
   */
  #parseAround(octets: Uint8Array, regular: RegularElements): void {
    const text = Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString("latin1");
    for (let at = 0; at < octets.length; ) {
      // The last thing that the parser was given is the end of a child of the root, and it has told of it.
      if (this.#lastChildEnd === this.#characters) at = takeRegularElements(text, at, regular, this.#parser);
      const nextEnd = text.indexOf(regular.endTag, at);
      const end = nextEnd < 0 ? octets.length : nextEnd + regular.endTag.length;
      this.#parseSlices(octets.subarray(at, end));
      at = end;
    }
  }

  #guarded(work: () => void): void {
    if (this.#isOver) throw invalid("reading is over");
    this.#isOver = true;
    work();
    this.#isOver = false;
  }

  /** @param octets - the next ones; absent: there are no more */
  #decode(octets?: Uint8Array): string {
    try {
      return octets === undefined ? this.#decoder.decode() : this.#decoder.decode(octets, { stream: true });
    } catch (cause) {
      throw new SmkiError("XML_INVALID", { reason: "octets that are not UTF-8" }, { cause });
    }
  }

  #parse(text: string): void {
    // An empty chunk would make the parser look at the last one again.
    if (text === "") return;
    this.#parser.write(text);
    // Not the parser's own position, which is right only while it tells of something.
    this.#characters += text.length;
    const unfinished = this.#characters - this.#lastTokenEnd;
    if (unfinished > this.#limits.maximumTokenLength * referenceLength + sliceOctets) throw this.#tooLong();
  }

  #finishToken(token = ""): void {
    if (token.length > this.#limits.maximumTokenLength) throw this.#tooLong();
    this.#lastTokenEnd = this.#parser.position;
  }

  #tooLong(): SmkiError {
    return this.#refuse(`name, value or text of over ${String(this.#limits.maximumTokenLength)} characters`);
  }

  #refuse(reason: string): SmkiError {
    return invalid(`${String(this.#parser.line)}:${String(this.#parser.column)}: ${reason} is not taken`);
  }
}

const invalid = (reason: string): SmkiError => new SmkiError("XML_INVALID", { reason });
