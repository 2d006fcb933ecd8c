/** An A4 sheet, in points. */
export const sheet = { width: 595.28, height: 841.89, bottom: 56 } as const;
export const left = 48;
export const bodyTop = 58;
export const pageWidth = sheet.width - 2 * left;
export const bodyBottom = sheet.height - sheet.bottom;

/** The names of the three fonts. */
export const fonts = { plain: "plain", bold: "bold", digits: "digits" } as const;
