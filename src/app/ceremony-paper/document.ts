import { grouped } from "../../authorities/ceremony/fingerprint.ts";

/**
 * What stands on paper, whatever it is printed as: HTML and PDF are made of the same document, so that neither says
 * what the other does not.
 */
export interface PaperDocument {
  readonly title: string;
  /** On every page: which ceremony, and what for. */
  readonly running: string;
  /** At the foot of every page: a digest, so that no page is exchanged for one of another document. */
  readonly foot: string;
  /** On every page, in a band that nobody overlooks: a rehearsal, sample witnesses. */
  readonly marks: readonly string[];
  /** When it came to be: the same record gives the same octets. */
  readonly made: Date;
  readonly blocks: readonly Block[];
}

/** A text, with octets that people read to each other below it. */
export interface Cell {
  readonly text: string;
  readonly digits?: string;
}

export type Block =
  | { readonly kind: "heading"; readonly text: string }
  | { readonly kind: "paragraph"; readonly text: string }
  | { readonly kind: "facts"; readonly rows: readonly { readonly label: string; readonly value: Cell }[] }
  | {
      readonly kind: "table";
      readonly headings: readonly string[];
      /** Shares of the width. */
      readonly widths: readonly number[];
      readonly rows: readonly (readonly Cell[])[];
    }
  /** Text of fixed width whose lines stay lines. */
  | { readonly kind: "verbatim"; readonly text: string }
  /** Things to do, each with a box to tick and a place to initial. */
  | { readonly kind: "checklist"; readonly title: string; readonly items: readonly ChecklistItem[] }
  /** Lines to fill in by hand. */
  | { readonly kind: "blanks"; readonly labels: readonly string[] }
  | { readonly kind: "signatures"; readonly persons: readonly Signatory[] };

export interface ChecklistItem {
  readonly number: string;
  readonly text: string;
}

export interface Signatory {
  readonly role: string;
  /** Empty where it is filled in by hand. */
  readonly name: string;
}

/** Splits a step's words from the digest in them. */
export function cellOf(words: string): Cell {
  const found = /^(.*?),? ?(?:SHA-256) ([0-9a-f]{8}(?: [0-9a-f]{8}){7})(.*)$/.exec(words);
  if (found === null) return { text: words };
  const [, before = "", digits = "", after = ""] = found;
  return { text: `${before.replace(/:$/, "")}${after}`, digits: digitsOf(digits.replaceAll(" ", "")) };
}

/** A SHA-256 on two lines of four groups each, so that people read it to each other and lose no place. */
export function digitsOf(digest: string, what = ""): string {
  const label = `${what}SHA-256 `;
  const groups = grouped(digest).split(" ");
  return `${label}${groups.slice(0, 4).join(" ")}\n${"\u00a0".repeat(label.length)}${groups.slice(4).join(" ")}`;
}
