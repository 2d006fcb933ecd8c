import { hash, randomBytes } from "node:crypto";
import { sql } from "kysely";
import type { Eui64 } from "../certificates/index.ts";
import type { Tx } from "../database/transaction.ts";
import { SmkiError } from "../errors/smki-error.ts";
import { recordActs } from "../ledger/record-acts.ts";
import { type Principal, requireOperator } from "../registration/principal.ts";

const longestReason = 500;

/** A limit of its own on the certificates of one Device. */
export interface CertificateLimit {
  readonly certificates: number;
  readonly reason: string;
  readonly setBy: string;
  readonly setAt: Date;
}

/**
 * Gives a Device a limit of its own, in the place of the rule `deviceCertificatesPerDevice` (SEC Appendix M 2.3.1.7:
 * the Subscriber asks the Service Desk to look at it). It need not be in the inventory. The ledger has the reason as a
 * salted hash only, since people write names.
 *
 * @throws SmkiError NOT_PERMITTED, DEVICE_LIMIT_INVALID
 */
export async function setCertificateLimit(
  tx: Tx,
  by: Principal,
  deviceId: Eui64,
  { certificates, reason }: Pick<CertificateLimit, "certificates" | "reason">,
  at: Date,
): Promise<void> {
  requireOperator(by);
  if (!Number.isSafeInteger(certificates) || certificates < 1 || certificates > 1_000_000)
    throw new SmkiError("DEVICE_LIMIT_INVALID", { certificates });
  if (reason.trim() === "" || reason.length > longestReason)
    throw new SmkiError("DEVICE_LIMIT_INVALID", { reasonCharacters: reason.length, maximum: longestReason });
  const salt = randomBytes(16);
  await sql`
    insert into device_certificate_limit (device_id, certificates, reason, salt, set_by, set_at)
    values (${Buffer.from(deviceId, "hex")}, ${certificates}, ${reason}, ${salt}, ${by.name}, ${at})
    on conflict (device_id) do update set certificates = excluded.certificates, reason = excluded.reason,
      salt = excluded.salt, set_by = excluded.set_by, set_at = excluded.set_at`.execute(tx);
  const subject = { device: deviceId, certificates, reasonHash: hashOf(salt, reason) };
  await recordActs(tx, [{ kind: "device.limit-set", at, by: by.name, subject }]);
}

const hashOf = (salt: Buffer, reason: string): string =>
  hash("sha256", Buffer.concat([salt, Buffer.from(reason)]), "hex");

/** Every limit, with the hash of its reason that the act of setting it has. */
export async function allCertificateLimits(
  tx: Tx,
): Promise<(Omit<CertificateLimit, "reason"> & { deviceId: string; reasonHash: string })[]> {
  const { rows } = await sql<CertificateLimit & { deviceId: string; salt: Buffer }>`
    select encode(device_id, 'hex') as "deviceId", certificates, reason, salt, set_by as "setBy", set_at as "setAt"
    from device_certificate_limit`.execute(tx);
  return rows.map(({ salt, reason, ...limit }) => ({ ...limit, reasonHash: hashOf(salt, reason) }));
}

/** The limit of its own that a Device has; undefined: the rule's. */
export async function certificateLimitOf(tx: Tx, deviceId: Eui64): Promise<CertificateLimit | undefined> {
  const { rows } = await sql<CertificateLimit>`
    select certificates, reason, set_by as "setBy", set_at as "setAt"
    from device_certificate_limit where device_id = ${Buffer.from(deviceId, "hex")}`.execute(tx);
  return rows[0];
}
