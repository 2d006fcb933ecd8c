import { createHash, randomBytes } from "node:crypto";
import { sql } from "kysely";
import type { Tx } from "../../database/transaction.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import { recordActs } from "../../ledger/record-acts.ts";
import type { Authority } from "../authority.ts";
import { lockStock, moveState, selectAuthorities } from "../authority-store.ts";
import {
  type CeremonyRecord,
  type CeremonyRoom,
  describeAuthority,
  holdCeremony,
  lodgeAuthorities,
} from "./ceremony.ts";
import { certifyAuthority } from "./certify.ts";
import { issuingDcaId, issuingDcaNumber, keyAlgorithmOf } from "./hierarchy.ts";
import { type CeremonyRequest, requireWitnesses, type Transcript } from "./transcript.ts";

/**
 * Makes Issuing DCAs for the stock: a key in the operational store and a certificate under the Root DCA for
 * each. They sign nothing until two persons have released them.
 *
 * @param first - number of the first
 */
export async function makeStock(
  room: CeremonyRoom,
  transcript: Transcript,
  authorities: readonly Authority[],
  first: number,
  count: number,
): Promise<Authority[]> {
  const issuer = authorities.find(({ profile }) => profile === "root-dca");
  if (issuer === undefined) throw new SmkiError("HIERARCHY_MISSING");
  const stock: Authority[] = [];
  for (let number = first; number < first + count; number += 1) {
    const id = issuingDcaId(number);
    const key = await room.operationalSigner.generateKey(id, keyAlgorithmOf("issuing-dca"));
    const request = { id, profile: "issuing-dca", key, terms: room.terms, issuer } as const;
    const authority = await certifyAuthority(request, room.ceremonySigner, room.clock());
    transcript.step(describeAuthority(authority));
    stock.push(authority);
  }
  return stock;
}

/**
 * A ceremony that fills the stock up to its size again.
 *
 * @throws SmkiError CEREMONY_WITNESSES_NEEDED, HIERARCHY_MISSING
 */
export async function extendStock(
  room: CeremonyRoom,
  request: CeremonyRequest,
  count?: number,
): Promise<CeremonyRecord> {
  return holdCeremony(room, request, async () => {
    const authorities = await room.database.read((tx) => selectAuthorities(tx));
    if (authorities.length === 0) throw new SmkiError("HIERARCHY_MISSING");
    const dcas = authorities.filter(({ profile }) => profile === "issuing-dca");
    const waiting = dcas.filter(({ state }) => state === "stock" || state === "released").length;
    const next = Math.max(0, ...dcas.map(({ id }) => issuingDcaNumber(id))) + 1;
    return async (transcript) => {
      await destroyUncertified(room, transcript, dcas);
      const wanted = count ?? Math.max(0, room.terms.stockSize - waiting);
      const stock = await makeStock(room, transcript, authorities, next, wanted);
      return async (tx, ceremonyId) => ({
        acts: await lodgeAuthorities(tx, stock, ceremonyId, room.clock()),
        steps: [],
      });
    };
  });
}

/** Keys of an abandoned ceremony: labelled as an Issuing DCA's, but with no certificate. */
async function destroyUncertified(room: CeremonyRoom, transcript: Transcript, dcas: readonly Authority[]) {
  const known = new Set(dcas.map(({ keyLabel }) => keyLabel));
  for (const { label } of await room.operationalSigner.listKeys())
    if (label.startsWith("issuing-dca/") && !known.has(label)) {
      await room.operationalSigner.destroyKey(label);
      transcript.step(`key ${label} of an abandoned ceremony destroyed`);
    }
}

/**
 * Releases Issuing DCAs from the stock for use, the lowest numbers first, by different persons.
 *
 * @param needed - how many persons, from the rulebook
 * @throws SmkiError CEREMONY_WITNESSES_NEEDED, RELEASE_NOT_POSSIBLE
 */
export async function releaseStock(
  tx: Tx,
  count: number,
  persons: readonly string[],
  needed: number,
  by: string,
  at: Date,
): Promise<string[]> {
  requireWitnesses(persons, needed);
  const released = await lockStock(tx, count);
  if (released.length < count)
    throw new SmkiError("RELEASE_NOT_POSSIBLE", { asked: count, inStock: released.length });
  for (const id of released) await moveState(tx, id, "stock", "released", at);
  const salt = randomBytes(16);
  await sql`insert into stock_release (released_at, authorities, persons, salt)
    values (${at}, ${released}, ${persons}, ${salt})`.execute(tx);
  const subject = { authorities: released, persons: persons.map((name) => saltedHash(salt, name)) };
  await recordActs(tx, [{ kind: "authority.released", at, by, subject }]);
  return released;
}

/** A name in a leaf: whoever has the salt and a name can show that they belong together; nobody else learns it. */
function saltedHash(salt: Buffer, name: string): string {
  return createHash("sha256").update(salt).update(name).digest("hex");
}
