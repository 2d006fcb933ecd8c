import { SmkiError } from "../../errors/smki-error.ts";
import { endCredential } from "../../registration/registration.ts";
import type { Authority } from "../authority.ts";
import { markRevoked, selectAuthorities } from "../authority-store.ts";
import { selectSerialNumbers } from "../certificate-store.ts";
import { withdrawIntents } from "../issuing/withdraw.ts";
import { insertRevocation } from "../revocation/revocation-store.ts";
import type { AuthorityRevocationReason, CeremonyOrder } from "./ceremony-order.ts";
import type { CeremonyRecord, CeremonyRoom } from "./ceremony-room.ts";
import { holdCeremony } from "./hold.ts";
import { publishArl } from "./list-steps.ts";
import type { Purpose, SettlingRoom, WriteCeremony } from "./purpose.ts";
import type { Sitting } from "./sitting.ts";

/** Which CA to revoke, and why. */
export interface AuthorityRevocation {
  /** For example `issuing-dca/0007`. */
  readonly authorityId: string;
  readonly reason: AuthorityRevocationReason;
}

/**
 * A CA is revoked: it signs nothing from then on, what it had still to sign is withdrawn and prepared again under
 * another CA, and its root's new ARL lists it. Certificates that it issued stay lodged; whoever relies on them
 * learns from the ARL. The credentials under the IKI's issuing CA end.
 */
export const revocationOfAuthority: Purpose = {
  settle: async (room, order) => {
    const { authority } = await findRevocable(room, order);
    // Before anything begins: a ceremony that cannot end well would have to be abandoned.
    if (authority.state === "revoked")
      throw new SmkiError("AUTHORITY_REVOKED_ALREADY", { authority: authority.id });
    return order;
  },
  work: async (room, journal, order) => {
    const { authority, root } = await findRevocable(room, order);
    const reason = order.reason ?? "unspecified";
    await journal.step(`announce revocation ${authority.id}`, () => ({
      words: `${authority.id}, serial number ${authority.serialNumber}, is to be revoked: ${reason}`,
    }));
    return writeRevocation(room, authority, root, reason);
  },
  makesKey: () => false,
};

/**
 * Holds a ceremony that revokes a CA.
 *
 * @throws SmkiError AUTHORITY_NOT_FOUND, AUTHORITY_REVOKED_ALREADY, ROOT_NOT_REVOCABLE, and what `holdCeremony` throws
 */
export function revokeAuthority(
  room: CeremonyRoom,
  sitting: Sitting,
  revocation: AuthorityRevocation,
): Promise<CeremonyRecord> {
  return holdCeremony(room, revocationOfAuthority, { purpose: "revoke", ...revocation }, sitting);
}

async function findRevocable(room: SettlingRoom, { authorityId }: CeremonyOrder) {
  if (authorityId === undefined) throw new SmkiError("REVOCATION_INCOMPLETE");
  const authorities = await room.database.read((tx) => selectAuthorities(tx));
  const authority = authorities.find(({ id }) => id === authorityId);
  if (authority === undefined) throw new SmkiError("AUTHORITY_NOT_FOUND", { authority: authorityId });
  const root = authorities.find(({ id }) => id === authority.issuerId);
  // A root that is on a list of its own says nothing: nobody could rely on the list (RFC 5280 6.1 trusts it as given).
  if (root === undefined || root.id === authority.id)
    throw new SmkiError("ROOT_NOT_REVOCABLE", { authority: authorityId });
  return { authority, root };
}

function writeRevocation(
  room: CeremonyRoom,
  authority: Authority,
  root: Authority,
  reason: AuthorityRevocationReason,
): WriteCeremony {
  return async (tx) => {
    const at = room.clock();
    // First the CA's row: a chunk that is recording for it is waited for, and none can begin.
    if (!(await markRevoked(tx, authority.id, at)))
      throw new SmkiError("AUTHORITY_REVOKED_ALREADY", { authority: authority.id });
    const withdrawn = await withdrawIntents(tx, authority.id, at);
    await insertRevocation(tx, {
      serialNumber: authority.serialNumber,
      authorityId: root.id,
      revokedAt: at,
      reason,
      requestedBy: "ceremony",
    });
    // A credential is worth no more than the CA that vouches for it: they end with it, at once.
    if (authority.profile === "iki-issuing")
      for (const serialNumber of await selectSerialNumbers(tx, authority.id, "iki"))
        await endCredential(tx, "ceremony", serialNumber, at);
    const arl = await publishArl(tx, room, root, "revocation of a CA");
    const subject = { authority: authority.id, serialNumber: authority.serialNumber, root: root.id, reason };
    const revoked = { kind: "authority.revoked", at, by: "ceremony", subject };
    const step = { name: `revoke ${authority.id}`, words: `${authority.id} revoked` };
    return { acts: [revoked, ...withdrawn], steps: [step, arl] };
  };
}
