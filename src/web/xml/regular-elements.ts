/**
 * Children of the root that are written in one regular form, of which a large document has very many. Recognising
 * that form is ten times cheaper than parsing it, and whatever differs from it in the least goes to the parser.
 */
export interface RegularElements {
  /**
   * Sticky. Matches white space as its first group and one whole element, in ASCII, without a reference, a comment, a
   * line break, an attribute that is not in the pattern, or anything else that an XML reader would not tell as it stands.
   */
  readonly pattern: RegExp;
  /** What every such element ends with. */
  readonly endTag: string;
  /**
   * Told of each in its turn. May throw; reading is over then.
   *
   * @returns false to leave it to the parser, which happens where a limit would be passed
   */
  readonly take: (match: RegExpExecArray) => boolean;
}

/**
 * Takes as many regular elements as follow each other.
 *
 * @param text - the document's octets as Latin-1
 * @param at - where to begin: within the root, after one of its children
 * @param position - moved along, so that what a later refusal says of line and column is right
 * @returns where the first thing begins that was not taken
 */
export function takeRegularElements(
  text: string,
  at: number,
  { pattern, take }: RegularElements,
  position: { line: number; column: number },
): number {
  let taken = at;
  for (;;) {
    pattern.lastIndex = taken;
    const match = pattern.exec(text);
    if (match === null || !take(match)) return taken;
    const [whole, space = ""] = match;
    const lines = space.match(/\r\n?|\n/g)?.length ?? 0;
    position.line += lines;
    const lastBreak = Math.max(space.lastIndexOf("\n"), space.lastIndexOf("\r"));
    position.column = lines === 0 ? position.column + whole.length : whole.length - lastBreak - 1;
    taken += whole.length;
  }
}
