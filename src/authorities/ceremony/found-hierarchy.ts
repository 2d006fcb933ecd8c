import { oid } from "../../certificates/index.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import { keyWrapAlgorithms, wrapContingencyPublicKey } from "../../keys/contingency-wrap.ts";
import { type Authority, publishesCrl } from "../authority.ts";
import { selectAuthorities } from "../authority-store.ts";
import { publishList } from "../revocation/publish-list.ts";
import { type CeremonyRecord, type CeremonyRoom, signerOf } from "./ceremony-room.ts";
import { certifyAuthority } from "./certify.ts";
import {
  contingencyKeyLabel,
  contingencySymmetricKeyLabel,
  hierarchy,
  keyAlgorithmOf,
  keyStoreOf,
} from "./hierarchy.ts";
import { holdCeremony } from "./hold.ts";
import type { Journal } from "./journal.ts";
import { destroyLeftovers, makeKey, makeSecret } from "./key-steps.ts";
import { describeList, publishListStep } from "./list-steps.ts";
import { lodgeAuthorities } from "./lodge.ts";
import type { Purpose, WriteCeremony, WrittenCeremony } from "./purpose.ts";
import type { Sitting } from "./sitting.ts";
import { makeStock, stockFilling } from "./stock.ts";

/**
 * The founding of an estate: the Contingency key pair and symmetric key, the two device hierarchies and the
 * infrastructure's, the stock of Issuing DCAs, the first ARLs and CRLs.
 */
export const founding: Purpose = {
  settle: async (room, order) => {
    if ((await room.database.read((tx) => selectAuthorities(tx))).length > 0)
      throw new SmkiError("HIERARCHY_EXISTS");
    return order;
  },
  work: makeHierarchy,
  // The ledger's keys, of which a restore may have made another, and that of the records are not among them. The keys of a
  // living estate are safe from a founding on an empty database: the checkpoint before is refused, since the signer of
  // the ledger has signed for more entries than that database has.
  makesKey: (label) => madeByFounding.has(label) || stockFilling.makesKey(label),
};

const madeByFounding: ReadonlySet<string> = new Set([
  contingencyKeyLabel,
  contingencySymmetricKeyLabel,
  ...hierarchy.map(({ profile }) => profile),
]);

/**
 * Holds the founding ceremony of an estate.
 *
 * @throws SmkiError HIERARCHY_EXISTS, and what `holdCeremony` throws
 */
export function foundHierarchy(room: CeremonyRoom, sitting: Sitting): Promise<CeremonyRecord> {
  return holdCeremony(room, founding, { purpose: "found" }, sitting);
}

async function makeHierarchy(room: CeremonyRoom, journal: Journal): Promise<WriteCeremony> {
  await destroyLeftovers(room, journal, founding, "clear");
  const wrapped = await makeContingencyKeys(room, journal);
  const authorities: Authority[] = [];
  for (const { profile, issuer } of hierarchy) {
    const key = await makeKey(room, journal, {
      label: profile,
      store: keyStoreOf(profile),
      algorithm: keyAlgorithmOf(profile),
      called: `${profile} key`,
    });
    const issuing = authorities.find(({ id }) => id === issuer);
    const request = {
      id: profile,
      profile,
      key,
      terms: room.terms,
      ...(issuing === undefined ? {} : { issuer: issuing }),
      ...(profile === "root-oca" ? wrapped : {}),
    };
    authorities.push(await certifyAuthority(room, journal, request));
  }
  authorities.push(...(await makeStock(room, journal, authorities, 1, room.terms.stockSize)));
  return writeHierarchy(room, authorities);
}

function writeHierarchy(room: CeremonyRoom, authorities: readonly Authority[]): WriteCeremony {
  return async (tx, ceremonyId) => {
    const at = room.clock();
    const acts = await lodgeAuthorities(tx, authorities, ceremonyId, at);
    const steps: WrittenCeremony["steps"][number][] = [];
    for (const authority of authorities) {
      // The Issuing DCA has no list: a Device Certificate cannot be revoked.
      if (authority.profile === "issuing-dca") continue;
      const schedule = publishesCrl(authority.profile) ? room.terms.crlOf(authority.profile) : room.terms.arl;
      const signer = signerOf(room, keyStoreOf(authority.profile));
      const list = await publishList(tx, signer, authority, schedule, at, "first");
      steps.push({ name: publishListStep(authority.id), words: describeList(authority, list) });
    }
    return { acts, steps };
  };
}

/** The Contingency key replaces the Root OCA on devices; its public half travels wrapped in the Root OCA's certificate. */
async function makeContingencyKeys(room: CeremonyRoom, journal: Journal) {
  const { wrapAlgorithm } = room.terms;
  const wrap = keyWrapAlgorithms[wrapAlgorithm];
  const contingency = await makeKey(room, journal, {
    label: contingencyKeyLabel,
    store: "ceremony",
    algorithm: "ecdsa-p256-sha256",
    called: "Contingency key pair",
  });
  await makeSecret(room, journal, {
    label: contingencySymmetricKeyLabel,
    octets: wrap.keyOctets,
    called: "Contingency Symmetric Key",
  });
  const wrappedKey = await journal.step("wrap contingency public key", async () => {
    const symmetricKey = await room.ceremonySigner.readSecret(contingencySymmetricKeyLabel);
    const artefact = wrapContingencyPublicKey(symmetricKey, contingency.publicKey, wrapAlgorithm);
    symmetricKey.fill(0);
    return { words: `contingency public key wrapped with ${wrapAlgorithm}`, artefact };
  });
  return { wrappedContingencyKey: { wrapAlgorithm: oid(wrap.oid), wrappedKey } };
}
