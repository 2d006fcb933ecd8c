import { createRequire } from "node:module";
import { buffer } from "node:stream/consumers";
import PDFDocument from "pdfkit";
import type { PaperDocument } from "./document.ts";
import { drawBlock } from "./pdf-blocks.ts";
import { bodyTop, fonts, left, pageWidth, sheet } from "./pdf-sheet.ts";

const require = createRequire(import.meta.url);
const fontFiles = {
  plain: require.resolve("dejavu-fonts-ttf/ttf/DejaVuSans.ttf"),
  bold: require.resolve("dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf"),
  digits: require.resolve("dejavu-fonts-ttf/ttf/DejaVuSansMono.ttf"),
} as const;

/**
 * The document as a PDF in A4, with fonts that have every European letter.
 *
 * @returns the same octets for the same document
 */
export async function renderPdf(document: PaperDocument): Promise<Buffer> {
  const { title, made } = document;
  const pdf = new PDFDocument({
    size: "A4",
    margins: { top: bodyTop, bottom: sheet.bottom, left, right: left },
    bufferPages: true,
    lang: "en",
    displayTitle: true,
    info: { Title: title, Producer: "OpenSMKI", Creator: "OpenSMKI", CreationDate: made },
  });
  const octets = buffer(pdf);
  for (const font of Object.values(fonts)) pdf.registerFont(font, fontFiles[font]);
  pdf.font(fonts.bold).fontSize(16).text(title, left, bodyTop, { width: pageWidth });
  for (const block of document.blocks) drawBlock(pdf, block);
  const { count } = pdf.bufferedPageRange();
  for (let page = 0; page < count; page += 1) {
    pdf.switchToPage(page);
    drawMargins(pdf, document, `Page ${String(page + 1)} of ${String(count)}`);
  }
  pdf.end();
  return octets;
}

/** Above and below the body of every page: which ceremony, the marks, the page. */
function drawMargins(pdf: PDFKit.PDFDocument, { running, marks, foot }: PaperDocument, page: string): void {
  // Else a text below the body begins a page.
  pdf.page.margins.bottom = 0;
  const band = marks.join("   |   ");
  if (band !== "") {
    pdf.rect(0, 0, pdf.page.width, 26).fill("#7a1010");
    pdf.font(fonts.bold).fontSize(9).fillColor("#ffffff");
    pdf.text(band, left, 8, { width: pageWidth, align: "center", lineBreak: false });
  }
  pdf.font(fonts.plain).fontSize(8).fillColor("#444444");
  pdf.text(running, left, 36, { width: pageWidth, height: 10, ellipsis: true });
  pdf
    .font(fonts.digits)
    .fontSize(6.5)
    .text(foot, left, pdf.page.height - 35, { lineBreak: false });
  pdf.font(fonts.plain).fontSize(8);
  pdf.text(page, left, pdf.page.height - 36, { width: pageWidth, align: "right", lineBreak: false });
}
