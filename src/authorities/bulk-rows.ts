import { sql } from "kysely";
import type { SerialNumber } from "../certificates/index.ts";
import { byteaArray } from "../database/binary-arrays.ts";
import type { Tx } from "../database/transaction.ts";

/** A moment as text, in UTC. The fraction is three digits, as in the ledger's acts. */
const time = (column: string, fraction: "" | ".MS") =>
  `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS${fraction}"Z"')`;

/**
 * A certificate as a line of text, commas between its values. PostgreSQL writes them, since in bulk that costs a third of
 * what it costs to bring the values here. None of them can hold a comma, a line feed or a backslash.
 */
const certificateLine = `concat(encode(serial_number, 'hex'), ',', kind, ',', usage, ',',
  encode(subject_identifier, 'hex'), ',', role, ',', authority_id, ',', ${time("not_after", "")}, ',',
  ${time("lodged_at", ".MS")}, ',', replace(encode(certificate, 'base64'), E'\\n', ''))`;

/** The values of a certificate's line, in order. */
export const certificateLineColumns = [
  "serialNumber",
  "kind",
  "usage",
  "subjectIdentifier",
  "role",
  "authority",
  "notAfter",
  "issuedAt",
  "certificate",
] as const;

/** Rows of a table, in the order of their serial numbers, each of which is 32 lower-case hexadecimal digits. */
export interface RowRange {
  /** The rows after this one; empty for those from the first on. */
  readonly after: string;
  /** So many at the most. */
  readonly most: number;
  /** Without these. */
  readonly except: readonly string[];
}

/** A query for the lines of certificates but those of the IKI's holders. Each begins with the serial number, as of the two below. */
export const certificateLinesIn = (range: RowRange): string =>
  `select ${certificateLine} from certificate where kind <> 'iki'${inRange(range)}`;

/** A query for serial number, CA, time and reason of revocations but those of the Issuing ICA. */
export const revocationLinesIn = (range: RowRange): string =>
  `select concat_ws(',', encode(serial_number, 'hex'), authority_id, ${time("revoked_at", ".MS")}, reason) from revocation
    where authority_id !~ '^iki-issuing'${inRange(range)}`;

/** A query for serial number and time of marks "not in use". */
export const notInUseLinesIn = (range: RowRange): string =>
  `select concat_ws(',', encode(serial_number, 'hex'), ${time("since", ".MS")}) from certificate_not_in_use
    where true${inRange(range)}`;

/** COPY takes no parameters; serial numbers are hexadecimal and nothing else. */
function inRange({ after, most, except }: RowRange): string {
  const left = except.filter((serialNumber) => serialNumber > after);
  for (const serialNumber of after === "" ? left : [after, ...left])
    if (!/^[0-9a-f]{32}$/.test(serialNumber)) throw new Error("no serial number");
  return [
    after === "" ? "" : ` and serial_number > '\\x${after}'`,
    left.length === 0
      ? ""
      : ` and serial_number <> all('{${left.map((one) => `"\\\\x${one}"`).join(",")}}'::bytea[])`,
    ` order by serial_number limit ${String(most)}`,
  ].join("");
}

/** The lines of some certificates, in the order of their serial numbers; one that is not there is absent. */
export async function certificateLines(tx: Tx, serialNumbers: readonly SerialNumber[]): Promise<string[]> {
  const wanted = byteaArray(serialNumbers.map((serialNumber) => Buffer.from(serialNumber, "hex")));
  const { rows } = await sql<{ line: string }>`
    select ${sql.raw(certificateLine)} as line from certificate
    where serial_number = any(${wanted}::bytea[]) order by serial_number`.execute(tx);
  return rows.map(({ line }) => line);
}

/** The highest number of a CA's lists, some numbers left out; undefined when there is none. */
export async function newestListNumber(
  tx: Tx,
  authorityId: string,
  except: readonly number[],
): Promise<number | undefined> {
  const { rows } = await sql<{ number: number | null }>`
    select max(number) as number from certificate_revocation_list
    where authority_id = ${authorityId} and number <> all(${[...except]}::bigint[])`.execute(tx);
  return rows[0]?.number ?? undefined;
}
