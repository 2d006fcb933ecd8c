import type { Tx } from "../../database/transaction.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import type { Authority } from "../authority.ts";
import { selectAuthorities } from "../authority-store.ts";
import { publishList } from "../revocation/publish-list.ts";
import { type CeremonyRecord, type CeremonyRoom, holdCeremony } from "./ceremony.ts";
import { keyStoreOf } from "./hierarchy.ts";
import { type CeremonyRequest, fingerprint } from "./transcript.ts";

/**
 * A ceremony that signs the ARL of every root anew: at least every 12 months, and on revocation of a CA.
 *
 * @throws SmkiError CEREMONY_WITNESSES_NEEDED, HIERARCHY_MISSING
 */
export async function renewArls(room: CeremonyRoom, request: CeremonyRequest): Promise<CeremonyRecord> {
  return holdCeremony(room, request, async () => {
    const authorities = await room.database.read((tx) => selectAuthorities(tx));
    const roots = authorities.filter(({ profile }) => keyStoreOf(profile) === "ceremony");
    if (roots.length === 0) throw new SmkiError("HIERARCHY_MISSING");
    return () =>
      Promise.resolve(async (tx) => {
        const steps: string[] = [];
        for (const root of roots) steps.push(await publishArl(tx, room, root, "renewal"));
        return { acts: [], steps };
      });
  });
}

/** Signs the ARL of a root anew. @returns the step, for the record */
export async function publishArl(
  tx: Tx,
  { ceremonySigner, terms, clock }: CeremonyRoom,
  root: Authority,
  because: string,
): Promise<string> {
  const list = await publishList(tx, ceremonySigner, root, terms.arl, clock(), because);
  return `${root.id} ARL number ${String(list.number)} signed: SHA-256 ${fingerprint(list.list)}`;
}
