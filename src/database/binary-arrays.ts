/**
 * Arrays in PostgreSQL's binary form (array_send in its source, src/backend/utils/adt/arrayfuncs.c). A Buffer
 * is sent as a binary parameter, so `unnest(${byteaArray(serials)}::bytea[])` brings thousands of rows in
 * with one parameter and no quoting. The cast in the statement must name the same element type.
 */
const oid = { bytea: 17, int8: 20 } as const;

const headerOctets = 20;
const lengthOctets = 4;

function startArray(elementType: number, count: number, hasNull: boolean, contentOctets: number): Buffer {
  // An empty array has no dimension; with one of size 0 it would be refused.
  if (count === 0) {
    const empty = Buffer.alloc(12);
    empty.writeUInt32BE(elementType, 8);
    return empty;
  }
  const array = Buffer.allocUnsafe(headerOctets + contentOctets);
  array.writeInt32BE(1, 0);
  array.writeInt32BE(hasNull ? 1 : 0, 4);
  array.writeUInt32BE(elementType, 8);
  array.writeInt32BE(count, 12);
  array.writeInt32BE(1, 16);
  return array;
}

function variableArray(elementType: number, values: readonly (Uint8Array | null)[]): Buffer {
  let octets = 0;
  let hasNull = false;
  for (const value of values) {
    octets += lengthOctets + (value?.length ?? 0);
    hasNull ||= value === null;
  }
  const array = startArray(elementType, values.length, hasNull, octets);
  let offset = headerOctets;
  for (const value of values) {
    offset = array.writeInt32BE(value === null ? -1 : value.length, offset);
    if (value === null) continue;
    array.set(value, offset);
    offset += value.length;
  }
  return array;
}

function fixedArray<Value>(
  elementType: number,
  values: readonly (Value | null)[],
  width: number,
  write: (array: Buffer, value: Value, offset: number) => void,
): Buffer {
  const nulls = values.reduce((count, value) => count + (value === null ? 1 : 0), 0);
  const octets = values.length * lengthOctets + (values.length - nulls) * width;
  const array = startArray(elementType, values.length, nulls > 0, octets);
  let offset = headerOctets;
  for (const value of values) {
    offset = array.writeInt32BE(value === null ? -1 : width, offset);
    if (value === null) continue;
    write(array, value, offset);
    offset += width;
  }
  return array;
}

/** For `::bytea[]`. */
export const byteaArray = (values: readonly (Uint8Array | null)[]): Buffer =>
  variableArray(oid.bytea, values);

/** For `::int8[]`. @throws RangeError for a number that is no integer, or beyond 64 bits */
export const int8Array = (values: readonly (number | bigint | null)[]): Buffer =>
  fixedArray(oid.int8, values, 8, (array, value, offset) => array.writeBigInt64BE(BigInt(value), offset));
