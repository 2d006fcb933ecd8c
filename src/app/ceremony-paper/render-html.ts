import nunjucks from "nunjucks";
import type { PaperDocument } from "./document.ts";

const environment = new nunjucks.Environment(new nunjucks.FileSystemLoader(import.meta.dirname), {
  autoescape: true,
  throwOnUndefined: false,
});
// Into a string of a style sheet, which has its own quotes: nothing but letters, digits and plain signs.
environment.addFilter("cssText", (text: unknown) => String(text).replace(/[^\p{L}\p{N} .,:/()-]/gu, " "));

/** The document as one HTML file that needs no other, and prints with page numbers. */
export function renderHtml(document: PaperDocument): string {
  return environment.render("paper.njk", document);
}
