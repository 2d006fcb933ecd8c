import type { Block, Cell } from "./document.ts";
import { bodyBottom, bodyTop, fonts, left, pageWidth } from "./pdf-sheet.ts";

type Pdf = PDFKit.PDFDocument;

const size = 9;
const padding = 3;

/** Draws one block below what is there, on as many pages as it takes. */
export function drawBlock(pdf: Pdf, block: Block): void {
  switch (block.kind) {
    case "heading":
      drawHeading(pdf, block.text, 12);
      return;
    case "paragraph":
      drawRow(pdf, [{ text: block.text }], [1], { line: false });
      return;
    case "facts":
      for (const { label, value } of block.rows)
        drawRow(pdf, [{ text: label }, value], [0.26, 0.74], { boldFirst: true });
      return;
    case "table":
      drawTable(pdf, block);
      return;
    case "verbatim":
      drawVerbatim(pdf, block.text);
      return;
    case "checklist":
      drawHeading(pdf, block.title, 10);
      drawTable(pdf, {
        headings: ["No.", "Done", "What", "Initials, time"],
        widths: [0.08, 0.08, 0.64, 0.2],
        rows: block.items.map(({ number, text }) => [
          { text: number },
          { text: "☐" },
          { text },
          { text: "" },
        ]),
      });
      return;
    case "blanks":
      for (const label of block.labels)
        drawRow(pdf, [{ text: label }, { text: "" }], [0.26, 0.74], { boldFirst: true, height: 26 });
      return;
    case "signatures":
      drawTable(
        pdf,
        {
          headings: ["Role", "Name", "Signature", "Date"],
          widths: [0.18, 0.32, 0.33, 0.17],
          rows: block.persons.map(({ role, name }) => [
            { text: role },
            { text: name },
            { text: "" },
            { text: "" },
          ]),
        },
        44,
      );
      return;
  }
}

function drawHeading(pdf: Pdf, text: string, points: number): void {
  pdf.font(fonts.bold).fontSize(points);
  const height = pdf.heightOfString(text, { width: pageWidth });
  // A heading is never the last thing on a page.
  room(pdf, height + 90);
  if (pdf.y > bodyTop) pdf.y += 12;
  pdf.fillColor("#111111").text(text, left, pdf.y, { width: pageWidth });
  pdf.y += 4;
}

interface Table {
  readonly headings: readonly string[];
  readonly widths: readonly number[];
  readonly rows: readonly (readonly Cell[])[];
}

function drawTable(pdf: Pdf, { headings, widths, rows }: Table, height = 0): void {
  const head = () => {
    drawRow(
      pdf,
      headings.map((text) => ({ text })),
      widths,
      { bold: true },
    );
  };
  head();
  for (const row of rows) {
    if (room(pdf, rowHeight(pdf, row, widths, { height }))) head();
    drawRow(pdf, row, widths, { height });
  }
}

interface RowStyle {
  readonly bold?: boolean;
  readonly boldFirst?: boolean;
  readonly line?: boolean;
  /** At least; a row to write in. */
  readonly height?: number;
}

function drawRow(pdf: Pdf, row: readonly Cell[], widths: readonly number[], style: RowStyle): void {
  const height = rowHeight(pdf, row, widths, style);
  room(pdf, height);
  const top = pdf.y;
  let x = left;
  for (const [index, cell] of row.entries()) {
    const width = (widths[index] ?? 0) * pageWidth;
    const options = { width: width - 6 };
    pdf.fillColor("#111111");
    let y = top + padding;
    if (cell.text !== "") {
      pdf.font(fontOf(style, index)).fontSize(size).text(cell.text, x, y, options);
      ({ y } = pdf);
    }
    if (cell.digits !== undefined)
      pdf
        .font(fonts.digits)
        .fontSize(size - 1)
        .text(cell.digits, x, y, options);
    x += width;
  }
  pdf.y = top + height;
  if (style.line === false) return;
  pdf
    .moveTo(left, pdf.y)
    .lineTo(left + pageWidth, pdf.y)
    .lineWidth(style.bold === true ? 1 : 0.4);
  pdf.strokeColor(style.bold === true ? "#111111" : "#999999").stroke();
}

function fontOf({ bold, boldFirst }: RowStyle, index: number): string {
  return bold === true || (boldFirst === true && index === 0) ? fonts.bold : fonts.plain;
}

function rowHeight(pdf: Pdf, row: readonly Cell[], widths: readonly number[], style: RowStyle): number {
  const heights = row.map(({ text, digits }, index) => {
    const options = { width: (widths[index] ?? 0) * pageWidth - 6 };
    const ofText =
      text === "" ? 0 : pdf.font(fontOf(style, index)).fontSize(size).heightOfString(text, options);
    const ofDigits =
      digits === undefined
        ? 0
        : pdf
            .font(fonts.digits)
            .fontSize(size - 1)
            .heightOfString(digits, options);
    return ofText + ofDigits;
  });
  return Math.max(style.height ?? 0, ...heights) + 2 * padding;
}

function drawVerbatim(pdf: Pdf, text: string): void {
  for (const line of text.split("\n")) {
    pdf.font(fonts.digits).fontSize(size - 1.5);
    const shown = line === "" ? " " : line;
    const height = pdf.heightOfString(shown, { width: pageWidth });
    room(pdf, height);
    pdf.fillColor("#111111").text(shown, left, pdf.y, { width: pageWidth });
  }
}

/** Begins a page where so much does not fit on this one. @returns whether it did */
function room(pdf: Pdf, height: number): boolean {
  if (pdf.y + height <= bodyBottom) return false;
  pdf.addPage();
  pdf.y = bodyTop;
  return true;
}
