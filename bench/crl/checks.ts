import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { sql } from "kysely";
import { verifyRecords } from "../../src/authorities/verification/verify-records.ts";
import { encodePem, lintCrl, parseCertificate, parseCrl } from "../../src/certificates/index.ts";
import type { Check } from "../report/measurement.ts";
import type { ListDesk } from "./prepare.ts";

/** Looks, off the clock, whether the lists are what they should be. */
export async function checkLists(desk: ListDesk, list: Buffer, entries: number): Promise<Check[]> {
  const findings = lintCrl(parseCrl(list), { issuer: parseCertificate(desk.authority.certificate) });
  const said = await openssl(desk, list);
  const altered = await desk.estate.database.read(verifyRecords, { snapshot: true });
  // Filler was revoked without an act: that is found too, and is not what is asked here.
  const aboutLists = altered.filter(({ what }) => what.startsWith("list "));
  return [
    {
      name: "linted with its CA",
      holds: findings.length === 0,
      found: `${String(findings.length)} findings`,
    },
    { name: "OpenSSL counts and verifies", holds: said === `${String(entries)} verify OK`, found: said },
    {
      name: "every list made again gives the digest of its act",
      holds: aboutLists.length === 0,
      found: `${String(aboutLists.length)} differ of ${String(await count(desk))}`,
    },
  ];
}

async function openssl({ estate, authority }: ListDesk, list: Buffer): Promise<string> {
  const files = { list: join(estate.paths.data, "bench.crl"), ca: join(estate.paths.data, "bench.ca") };
  await writeFile(files.list, list);
  await writeFile(files.ca, encodePem(authority.certificate));
  const args = ["crl", "-inform", "DER", "-in", files.list, "-noout", "-text", "-CAfile", files.ca];
  try {
    const { stdout, stderr } = await promisify(execFile)("openssl", args, { maxBuffer: 2 ** 27 });
    const entries = stdout.match(/^ {4}Serial Number: /gm)?.length ?? 0;
    return `${String(entries)} ${stderr.trim()}`;
  } catch (error) {
    return error instanceof Error ? error.message.slice(0, 200) : "failed";
  }
}

async function count({ estate, authority }: ListDesk): Promise<number> {
  const { rows } = await estate.database.read((tx) =>
    sql<{ lists: number }>`
      select count(*) as lists from certificate_revocation_list where authority_id = ${authority.id}`.execute(
      tx,
    ),
  );
  return rows[0]?.lists ?? 0;
}

/** Octets that all lists take in the database, once what was let go is reclaimed. */
export async function storedOctets({ estate }: ListDesk): Promise<number> {
  await estate.database
    .read((tx) => sql`vacuum full certificate_revocation_list`.execute(tx))
    .catch(() => undefined);
  const { rows } = await estate.database.read((tx) =>
    sql<{ octets: number }>`
      select pg_total_relation_size('certificate_revocation_list') as octets`.execute(tx),
  );
  return rows[0]?.octets ?? 0;
}
