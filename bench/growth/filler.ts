import { X509Certificate } from "node:crypto";
import { sql } from "kysely";
import type { Estate } from "../../src/app/estate/estate.ts";
import type { Tx } from "../../src/database/transaction.ts";
import { encodeAct } from "../../src/ledger/act-encoding.ts";
import { certificateIssuedAct } from "../../src/ledger/certificate-act.ts";
import { recordActs } from "../../src/ledger/record-acts.ts";
import { deviceIdOf } from "./devices.ts";

/** Certificates of one Issuing DCA. */
export const ofOneIssuingDca = 100_000;
/** Of every thousand CSRs of the filler so many came alone, each a batch of its own. */
export const singlesOfAThousand = 10;
/** Chunks of a thousand in a batch. */
const chunksOfABatch = 50;

/** What the identifiers of the CAs begin with that the filler's certificates name. */
export const fillerAuthorities = "issuing-dca/filler-";

/** What was really issued, and is copied. */
export interface Templates {
  /** Batches: one chunk of CSRs, and one CSR alone. */
  readonly batch: number;
  readonly single: number;
  readonly certificate: Buffer;
  readonly serialNumber: Buffer;
  readonly deviceId: Buffer;
  /** The point of its public key, without the octet that says how it is written. */
  readonly publicKey: Buffer;
  readonly authorityId: string;
  readonly partyId: number;
}

/** Finds what is copied: a certificate that was issued, the newest batch of more than one, and that of one. */
export async function findTemplates({ database }: Estate, partyId: number): Promise<Templates> {
  const { rows } = await database.read((tx) =>
    sql<{
      batch: number;
      single: number;
      certificate: Buffer;
      serial: Buffer;
      device: Buffer;
      authority: string;
    }>`
      select (select max(id) from request_batch where request_count > 1) as batch,
        (select max(id) from request_batch where request_count = 1) as single,
        serial_number as serial, subject_identifier as device, authority_id as authority, certificate
      from certificate where kind = 'device' limit 1`.execute(tx),
  );
  const [row] = rows;
  if (row === undefined) throw new Error("no Device Certificate was issued");
  const spki = new X509Certificate(row.certificate).publicKey.export({ format: "der", type: "spki" });
  return {
    ...{ batch: row.batch, single: row.single, certificate: row.certificate, serialNumber: row.serial },
    ...{ deviceId: row.device, publicKey: spki.subarray(-64), authorityId: row.authority, partyId },
  };
}

/** A retired Issuing DCA that the filler's certificates name: rows, and the acts of them. */
export async function lodgeAuthority(tx: Tx, { authorityId }: Templates, number: number, at: Date) {
  const id = `${fillerAuthorities}${String(number).padStart(4, "0")}`;
  const { rows } = await sql<{ serial: string; digest: string }>`
    with made as (
      insert into certification_authority
        (id, profile, issuer_id, serial_number, certificate, key_label, state, reserved, released_at, first_used_at,
         retired_at, ceremony_id)
      select ${id}, profile, issuer_id, '\\x4e'::bytea || substr(sha256(convert_to(${id}, 'UTF8')), 1, 15), certificate,
        ${id}, 'retired', ${ofOneIssuingDca}::int, ${at}, ${at}, ${at}, ceremony_id
      from certification_authority where id = ${authorityId}
      returning serial_number, issuer_id, certificate
    )
    insert into certificate (serial_number, kind, authority_id, usage, not_before, lodged_at, certificate)
    select serial_number, 'authority', issuer_id, 'CA', ${at}, ${at}, certificate from made
    returning encode(serial_number, 'hex') as serial, encode(sha256(certificate), 'hex') as digest`.execute(
    tx,
  );
  const [row] = rows;
  await recordActs(tx, [
    certificateIssuedAct(at, "bench", {
      ...{
        serialNumber: row?.serial ?? "",
        certificate: row?.digest ?? "",
        authority: "filler",
        chunk: "filler",
      },
    }),
    { kind: "authority.retired", at, by: "bench", subject: { authority: id } },
  ]);
}

/**
 * Lodges Device Certificates, numbered from `from`, each with its claimed key and its act. Each is the template with a serial number, a Device ID, a public key and a signature of its
 * own; key and signature are random octets, and nobody signed anything. Serial numbers rise, as those of a CA do with time.
 * Device IDs and keys are drawn from all there are.
 */
export async function lodgeCertificates(
  tx: Tx,
  templates: Templates,
  from: number,
  count: number,
  at: Date,
): Promise<void> {
  const { certificate, partyId } = templates;
  const place = (part: Buffer) => certificate.indexOf(part) + 1;
  // The last octets of the signature's second number: its form stays as it is.
  const signature = certificate.length - 23;
  // The act as the ledger writes it, with names in the place of what differs.
  const act = encodeAct(
    certificateIssuedAct(at, "bench", {
      ...{ serialNumber: "SERIAL", certificate: "DIGEST", authority: "AUTHORITY", chunk: "filler" },
    }),
  ).toString();
  await sql`
    with made as (
      insert into certificate (serial_number, kind, authority_id, subject_identifier, usage, not_before, party_id,
                               lodged_at, certificate)
      select serial, 'device', authority, device, case number % 2 when 0 then 'DS' else 'KA' end, ${at}, ${partyId}, ${at},
        overlay(overlay(overlay(overlay(overlay(${certificate}::bytea
          placing serial from ${place(templates.serialNumber)}::int)
          placing device from ${place(templates.deviceId)}::int)
          placing sha256(serial || '\\x01') from ${place(templates.publicKey)}::int)
          placing sha256(serial || '\\x02') from ${place(templates.publicKey) + 32}::int)
          placing substr(sha256(serial || '\\x03'), 1, 24) from ${signature}::int)
      from generate_series(${from}::int, ${from + count - 1}::int) number,
        lateral (select '\\x4f'::bytea || int4send(number) || substr(sha256(int4send(number)), 1, 11) as serial,
                   ${deviceIdOf(sql`number`)} as device,
                   ${fillerAuthorities} || lpad((number / ${ofOneIssuingDca}::int)::text, 4, '0') as authority) parts
      returning serial_number, authority_id, certificate
    ), claimed as (
      insert into certified_key (key_hash, serial_number)
      select substr(sha256(serial_number || '\\x01'), 1, 16), serial_number from made
    )
    insert into ledger_inbox (entry)
    select convert_to(
      replace(replace(replace(${act}, 'SERIAL', encode(serial_number, 'hex')),
        'DIGEST', encode(sha256(certificate), 'hex')), 'AUTHORITY', authority_id), 'UTF8')
    from made`.execute(tx);
}

/** Copies the batches, chunks, intents and claims of so many thousands of CSRs. They have no acts of their own. */
export async function copyRequests(tx: Tx, { batch, single }: Templates, thousands: number): Promise<void> {
  for (let left = thousands; left > 0; left -= chunksOfABatch)
    await copyBatch(tx, batch, 1, Math.min(left, chunksOfABatch));
  await copyBatch(tx, single, thousands * singlesOfAThousand, 1);
}

async function copyBatch(tx: Tx, template: number, batches: number, chunks: number): Promise<void> {
  const columns = async (table: string, without: readonly string[]) => {
    const { rows } = await sql<{ names: string }>`
      select string_agg(quote_ident(column_name), ', ') as names from information_schema.columns
      where table_name = ${table} and table_schema = current_schema() and column_name <> all (${["id", ...without]})`.execute(
      tx,
    );
    return sql.raw(rows[0]?.names ?? "");
  };
  const ofBatch = await columns("request_batch", []);
  const ofChunk = await columns("request_chunk", ["batch_id"]);
  const ofIntent = await columns("issuing_intent", ["chunk_id"]);
  const ofClaim = await columns("device_claim", ["chunk_id"]);
  await sql`
    with template as materialized (select id from request_chunk where batch_id = ${template}),
    new_batch as (
      insert into request_batch (${ofBatch})
      select ${ofBatch} from request_batch, generate_series(1, ${batches}::int) where id = ${template} returning id
    ), new_chunk as (
      insert into request_chunk (batch_id, ${ofChunk})
      select new_batch.id, ${ofChunk}
      from new_batch, (select * from request_chunk where batch_id = ${template}) copied, generate_series(1, ${chunks}::int)
      returning id
    ), new_intent as (
      insert into issuing_intent (chunk_id, ${ofIntent})
      select new_chunk.id, ${ofIntent}
      from new_chunk, (select * from issuing_intent where chunk_id = (select id from template)) copied
    )
    insert into device_claim (chunk_id, ${ofClaim})
    select new_chunk.id, ${ofClaim}
    from new_chunk, (select * from device_claim where chunk_id = (select id from template)) copied`.execute(
    tx,
  );
}
