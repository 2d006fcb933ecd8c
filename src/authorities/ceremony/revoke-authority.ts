import type { RevocationReason } from "../../certificates/index.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import { endCredential } from "../../registration/registration.ts";
import type { Authority } from "../authority.ts";
import { markRevoked, selectAuthorities } from "../authority-store.ts";
import { selectSerialNumbers } from "../certificate-store.ts";
import { withdrawIntents } from "../issuing/withdraw.ts";
import { insertRevocation } from "../revocation/list-store.ts";
import { type CeremonyRecord, type CeremonyRoom, holdCeremony, type WriteCeremony } from "./ceremony.ts";
import { publishArl } from "./renew-arls.ts";
import type { CeremonyRequest } from "./transcript.ts";

/** Grounds on which a root revokes a CA that it certified, in the words of RFC 5280 5.3.1. */
export const authorityRevocationReasons = [
  "unspecified",
  "cACompromise",
  "affiliationChanged",
  "superseded",
  "cessationOfOperation",
] as const satisfies readonly RevocationReason[];

export type AuthorityRevocationReason = (typeof authorityRevocationReasons)[number];

/** Which CA to revoke, and why. */
export interface AuthorityRevocation {
  /** For example `issuing-dca/0007`. */
  readonly authorityId: string;
  readonly reason: AuthorityRevocationReason;
}

/**
 * A ceremony that revokes a CA: it signs nothing from then on, what it had still to sign is withdrawn and prepared
 * again under another CA, and its root's new ARL lists it. Certificates that it issued stay lodged; whoever relies
 * on them learns from the ARL. The credentials under the IKI's issuing CA end.
 *
 * @throws SmkiError CEREMONY_WITNESSES_NEEDED, AUTHORITY_NOT_FOUND, AUTHORITY_REVOKED_ALREADY, ROOT_NOT_REVOCABLE
 */
export async function revokeAuthority(
  room: CeremonyRoom,
  request: CeremonyRequest,
  { authorityId, reason }: AuthorityRevocation,
): Promise<CeremonyRecord> {
  return holdCeremony(room, request, async () => {
    const authorities = await room.database.read((tx) => selectAuthorities(tx));
    const authority = authorities.find(({ id }) => id === authorityId);
    if (authority === undefined) throw new SmkiError("AUTHORITY_NOT_FOUND", { authority: authorityId });
    const root = authorities.find(({ id }) => id === authority.issuerId);
    // A root that is on a list of its own says nothing: nobody could rely on the list (RFC 5280 6.1 trusts it as given).
    if (root === undefined || root.id === authority.id)
      throw new SmkiError("ROOT_NOT_REVOCABLE", { authority: authorityId });
    return (transcript) => {
      transcript.step(`${authorityId}, serial number ${authority.serialNumber}, is to be revoked: ${reason}`);
      return Promise.resolve(writeRevocation(room, authority, root, reason));
    };
  });
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
    const step = await publishArl(tx, room, root, "revocation of a CA");
    const subject = { authority: authority.id, serialNumber: authority.serialNumber, root: root.id, reason };
    const revoked = { kind: "authority.revoked", at, by: "ceremony", subject };
    return { acts: [revoked, ...withdrawn], steps: [`${authority.id} revoked`, step] };
  };
}
