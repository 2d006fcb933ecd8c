import { SmkiError } from "../../errors/smki-error.ts";
import { selectAuthorities } from "../authority-store.ts";
import { publishList } from "../revocation/publish-list.ts";
import { type CeremonyRecord, type CeremonyRoom, holdCeremony } from "./ceremony.ts";
import { keyStoreOf } from "./hierarchy.ts";
import { type CeremonyRequest, fingerprint, requireWitnesses } from "./transcript.ts";

/**
 * A ceremony that signs the ARL of every root anew: at least every 12 months, and on revocation of a CA.
 *
 * @throws SmkiError CEREMONY_WITNESSES_NEEDED, HIERARCHY_MISSING
 */
export async function renewArls(room: CeremonyRoom, request: CeremonyRequest): Promise<CeremonyRecord> {
  requireWitnesses(request.witnesses, room.witnessesNeeded);
  const authorities = await room.database.read((tx) => selectAuthorities(tx));
  const roots = authorities.filter(({ profile }) => keyStoreOf(profile) === "ceremony");
  if (roots.length === 0) throw new SmkiError("HIERARCHY_MISSING");
  return holdCeremony(room, request, () =>
    Promise.resolve(async (tx) => {
      const steps: string[] = [];
      for (const root of roots) {
        const list = await publishList(
          tx,
          room.ceremonySigner,
          root,
          room.terms.arl,
          room.clock(),
          "renewal",
        );
        steps.push(`${root.id} ARL number ${String(list.number)} signed: SHA-256 ${fingerprint(list.list)}`);
      }
      return { acts: [], steps };
    }),
  );
}
