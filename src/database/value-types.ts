import { types } from "pg";
import { SmkiError } from "../errors/smki-error.ts";

/**
 * A bigint of PostgreSQL is a number here, always: counts and identity values stay far below 2^53. One that
 * does not is refused, never rounded. (What may be larger, an EUI-64 or a serial number, is stored as bytea.)
 */
function readBigint(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new SmkiError("DATABASE_ROW_DAMAGED", { bigint: text });
  return value;
}

type TypeId = (typeof types.builtins)[keyof typeof types.builtins];

const date = 1082;
const bigintArray = 1016;
const readBigintArray = (text: string): number[] =>
  text === "{}" ? [] : text.slice(1, -1).split(",").map(readBigint);

const readers = new Map<number, (text: string) => unknown>([
  [types.builtins.INT8, readBigint],
  [bigintArray, readBigintArray],
  [date, (text) => text],
]);

/**
 * How values come back: bytea as Buffer, timestamptz as Date, bigint as number, numeric as string, date as its
 * text (it has no time of day, so it is no Date).
 */
export const valueTypes: { getTypeParser: typeof types.getTypeParser } = {
  getTypeParser: ((oid: TypeId, format: "text" | "binary" = "text") => {
    const reader = format === "text" ? readers.get(oid) : undefined;
    return reader ?? (types.getTypeParser(oid, format) as unknown);
  }) as typeof types.getTypeParser,
};
