import { sql } from "kysely";
import { type Eui64, eui64FromOctets } from "../certificates/index.ts";
import { byteaArray, int8Array } from "../database/binary-arrays.ts";
import { prepared } from "../database/prepared.ts";
import { together } from "../database/together.ts";
import type { Tx } from "../database/transaction.ts";

/** Held from the claim to the commit, so that the numbers of claims rise in the order of their commits. */
const claimLock = 0x736d_6465_7669_6365n; // "smdevice"
/** Closed claims that are kept, so that whoever looked before so many others finds every one since. */
const kept = 1_000;
const octets = 8;

/** How many certificates stand recorded to be signed for each Device, at the moment of the look. */
export interface ClaimsSeen {
  readonly underWay: ReadonlyMap<Eui64, number>;
  /** The number of the newest claim that was seen. */
  readonly newest: number;
}

/** What is under way in all chunks. They are few: as many as are being signed, and those that are held. */
export async function readClaims(tx: Tx): Promise<ClaimsSeen> {
  const { rows } = await sql<{ newest: number; devices: Buffer }>`${prepared}
    select (select coalesce(max(id), 0) from device_claim) as newest,
      (select coalesce(string_agg(devices, ''), '') from device_claim where open) as devices`.execute(tx);
  return { newest: rows[0]?.newest ?? 0, underWay: count(rows[0]?.devices ?? Buffer.alloc(0)) };
}

/**
 * Claims certificates for Devices, in the transaction that records what shall be signed; it waits for any other that
 * does the same. Near the end of the transaction, since it is held to the commit.
 *
 * @param claims - of each chunk the Devices, each as often as there are certificates for it
 * @param seen - the number of the newest claim that the caller has judged by
 * @returns what others claimed since, for the caller to judge by again; undefined when that is no longer known
 */
export async function claimCertificates(
  tx: Tx,
  claims: ReadonlyMap<number, readonly Eui64[]>,
  seen: number,
): Promise<ReadonlyMap<Eui64, number> | undefined> {
  const locked = sql`${prepared} select pg_advisory_xact_lock(${claimLock.toString()}::bigint)`.execute(tx);
  const chunks = int8Array([...claims.keys()]);
  const devices = byteaArray([...claims.values()].map((ids) => Buffer.from(ids.join(""), "hex")));
  // A statement of its own, after the lock: it sees what was committed by whoever held it before.
  const claimed = sql<{ newest: number; devices: Buffer }>`${prepared}
    with mine as (
      insert into device_claim (chunk_id, devices)
      select * from unnest(${chunks}::bigint[], ${devices}::bytea[]))
    select (select coalesce(max(id), 0) from device_claim) as newest,
      (select coalesce(string_agg(devices, ''), '') from device_claim where id > ${seen}) as devices`.execute(
    tx,
  );
  const [, { rows }] = await together(locked, claimed);
  // So many have come since that the first of them may be gone.
  if ((rows[0]?.newest ?? 0) - seen > kept) return undefined;
  return count(rows[0]?.devices ?? Buffer.alloc(0));
}

/** Closes the claims of chunks, in the transaction that makes their certificates visible. */
export async function closeClaims(tx: Tx, chunkIds: readonly number[]): Promise<void> {
  if (chunkIds.length === 0) return;
  await sql`${prepared}
    with closed as (
      update device_claim set open = false
      where chunk_id = any(${int8Array(chunkIds)}::bigint[]) and open returning id)
    delete from device_claim where not open and id < (select min(id) from closed) - ${kept}`.execute(tx);
}

function count(devices: Buffer): Map<Eui64, number> {
  const counts = new Map<Eui64, number>();
  for (let at = 0; at < devices.length; at += octets) {
    const deviceId = eui64FromOctets(devices.subarray(at, at + octets));
    counts.set(deviceId, (counts.get(deviceId) ?? 0) + 1);
  }
  return counts;
}
