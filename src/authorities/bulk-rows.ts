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

/** COPY takes no parameters; serial numbers are hexadecimal and nothing else. */
function serials(list: readonly string[]): string {
  for (const serialNumber of list)
    if (!/^[0-9a-f]{32}$/.test(serialNumber)) throw new Error("no serial number");
  return `'{${list.map((serialNumber) => `"\\\\x${serialNumber}"`).join(",")}}'::bytea[]`;
}

/** A query for the lines of all certificates but those of the IKI's holders and those named, in no order. */
export const allCertificateLines = (except: readonly string[]): string =>
  `select ${certificateLine} from certificate where kind <> 'iki'${exceptFor(except)}`;

/** A query for serial number, CA, time and reason of all revocations but those of the Issuing ICA and those named. */
export const allRevocationLines = (except: readonly string[]): string =>
  `select concat_ws(',', encode(serial_number, 'hex'), authority_id, ${time("revoked_at", ".MS")}, reason) from revocation
    where authority_id !~ '^iki-issuing'${exceptFor(except)}`;

/** A query for serial number and time of all marks "not in use" but those named. */
export const allNotInUseLines = (except: readonly string[]): string =>
  `select concat_ws(',', encode(serial_number, 'hex'), ${time("since", ".MS")}) from certificate_not_in_use
    where true${exceptFor(except)}`;

const exceptFor = (except: readonly string[]): string =>
  except.length === 0 ? "" : ` and serial_number <> all(${serials(except)})`;

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
