/** An instant as people read it: `2026-06-01 12:00:00Z`. */
export function instantInWords(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace("T", " ").replace(".000Z", "Z");
}
