/** A part of a file: octets from `start` to `end`, both of them in it. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The part of a file that a request asks for (RFC 9110 14.1.2 and 14.2). Of several ranges none is served: the client gets
 * the whole.
 *
 * @param header - the field Range
 * @param octets - of the file
 * @returns undefined for the whole, `unsatisfiable` when nothing of it is in the file
 */
export function byteRange(
  header: string | undefined,
  octets: number,
): ByteRange | "unsatisfiable" | undefined {
  const [, first, last] = /^bytes=(\d{0,16})-(\d{0,16})$/.exec(header?.trim() ?? "") ?? [];
  if (first === undefined || last === undefined || (first === "" && last === "")) return undefined;
  if (first === "") {
    const suffix = Math.min(Number(last), octets);
    return suffix === 0 ? "unsatisfiable" : { start: octets - suffix, end: octets - 1 };
  }
  const start = Number(first);
  if (last !== "" && Number(last) < start) return undefined;
  if (start >= octets) return "unsatisfiable";
  return { start, end: last === "" ? octets - 1 : Math.min(Number(last), octets - 1) };
}
