import {
  parseCrl,
  parseTbsCrl,
  profileRules,
  serialNumberFromOctets,
  type ToBeSignedList,
  verifySignature,
} from "../../certificates/index.ts";
import type { Tx } from "../../database/transaction.ts";
import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import type { Issuer } from "../issuing/issuer.ts";
import { keptOctets, type ListRecord } from "./list-store.ts";
import type { ListedEntries } from "./listed-entries.ts";
import { signatureOfList, tbsOfList } from "./rebuild-list.ts";

/**
 * Nothing is ever taken off a list: whoever relies on it would take what was revoked for good again. An expired
 * certificate stays on it too. So the current list is built again from the revocations, and the CA's own signature
 * on it must verify: then each of its entries stands where it stood, and the next list begins with them.
 *
 * @throws SmkiError LIST_WOULD_SHRINK, naming a certificate that the database no longer has as revoked;
 *   LIST_REVOCATIONS_ALTERED when something else differs
 */
export async function requireCurrentKept(
  tx: Tx,
  issuer: Issuer,
  current: ListRecord,
  entries: ListedEntries,
): Promise<void> {
  const toBeSigned = tbsOfList(issuer, current, entries);
  if (signedBy(issuer, toBeSigned, await signatureOfList(tx, current))) return;
  const details = { authority: current.authorityId, number: current.number };
  const octets = await keptOctets(tx, current.authorityId, current.number);
  const lost = octets && lostIn(parseCrl(octets), parseTbsCrl(toBeSigned));
  if (lost === undefined) throw new SmkiError("LIST_REVOCATIONS_ALTERED", details);
  throw new SmkiError("LIST_WOULD_SHRINK", { ...details, serialNumber: lost });
}

function signedBy({ fields, publicKey }: Issuer, toBeSigned: Buffer, signature: Buffer): boolean {
  try {
    return verifySignature(profileRules[fields.profile].signatureAlgorithm, publicKey, toBeSigned, signature);
  } catch (error) {
    // Not even the form of a signature.
    if (isSmkiError(error)) return false;
    throw error;
  }
}

/** A serial number that the one list has and the other has not. */
function lostIn(published: ToBeSignedList, rebuilt: ToBeSignedList): string | undefined {
  const kept = new Set(rebuilt.entries.map(({ serialNumber }) => serialNumber.toString("hex")));
  const lost = published.entries.find(({ serialNumber }) => !kept.has(serialNumber.toString("hex")));
  return lost && serialNumberFromOctets(lost.serialNumber);
}
