import { table } from "../../cli/output.ts";
import type { Block, Cell, PaperDocument } from "./document.ts";

/** The document as text for a terminal. */
export function renderText({ title, marks, blocks }: PaperDocument): string {
  return [...marks, title, ...blocks.map(textOf)].join("\n\n");
}

function textOf(block: Block): string {
  switch (block.kind) {
    case "heading":
      return `${block.text}\n${"=".repeat(block.text.length)}`;
    case "paragraph":
    case "verbatim":
      return block.text;
    case "facts":
      return block.rows.map(({ label, value }) => `${label}: ${textOfCell(value)}`).join("\n");
    case "table":
      return table(
        block.headings,
        block.rows.map((row) => row.map(textOfCell)),
      );
    case "checklist":
      return [
        block.title,
        ...block.items.map(({ number, text }) => `[ ] ${number.padStart(3)}  ${text}`),
      ].join("\n");
    case "blanks":
      return block.labels.map((label) => `${label}: ______________________`).join("\n");
    case "signatures":
      return block.persons.map(({ role, name }) => `${role}: ${name} ______________________`).join("\n");
  }
}

function textOfCell({ text, digits }: Cell): string {
  return [text, digits?.replace(/\s+/g, " ")].filter((part) => part !== undefined && part !== "").join(" ");
}
