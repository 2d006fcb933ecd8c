import { SmkiError } from "../../errors/smki-error.ts";
import { type Authority, type CrlProfile, crlProfiles } from "../authority.ts";
import { selectAuthorities } from "../authority-store.ts";
import { issuerOf } from "../issuing/issuer.ts";
import { numberFloors } from "../restoration.ts";
import { publishList } from "../revocation/publish-list.ts";
import type { CeremonyOrder } from "./ceremony-order.ts";
import { certifyAuthority, intendStep } from "./certify.ts";
import { hierarchy, keyAlgorithmOf, numberedId, profileOfId } from "./hierarchy.ts";
import { selectStepNames } from "./journal-store.ts";
import { destroyLeftovers, makeKey } from "./key-steps.ts";
import { describeList, publishListStep } from "./list-steps.ts";
import { lodgeAuthorities } from "./lodge.ts";
import type { Purpose, SettlingRoom } from "./purpose.ts";

/**
 * A new Issuing OCA or issuing CA of the IKI takes the place of one that is revoked: another key and another name under the
 * same root, a CRL of its own. What waited for a CA of its kind is issued by it. The revoked one signs nothing more, no
 * CRL either; whoever relies on what it issued learns from its root's ARL.
 */
export const replacementOfAuthority: Purpose = {
  settle: async (room, order) => {
    const authorities = await room.database.read((tx) => selectAuthorities(tx));
    const profile = requireReplaceable(authorities, order);
    requireNameUsable(room, authorities, order.name);
    return { ...order, replacement: await nextId(room, authorities, profile) };
  },
  work: async (room, journal, order) => {
    const { replacement: id = "", name: commonName = "" } = order;
    await destroyLeftovers(room, journal, replacementOfAuthority, "clear");
    const authorities = await room.database.read((tx) => selectAuthorities(tx));
    const profile = requireReplaceable(authorities, order);
    const issuer = authorities.find((ca) => ca.id === rootOf(profile));
    if (issuer === undefined) throw new SmkiError("HIERARCHY_MISSING");
    const key = await makeKey(room, journal, {
      label: id,
      store: "operational",
      algorithm: keyAlgorithmOf(profile),
      called: `${id} key`,
    });
    const request = { id, profile, key, terms: room.terms, issuer, commonName };
    const authority = await certifyAuthority(room, journal, request);
    return async (tx, ceremonyId) => {
      const at = room.clock();
      const acts = await lodgeAuthorities(tx, [authority], ceremonyId, at);
      const schedule = room.terms.crlOf(profile);
      const list = await publishList(tx, room.operationalSigner, authority, schedule, at, "first");
      return { acts, steps: [{ name: publishListStep(id), words: describeList(authority, list) }] };
    };
  },
  makesKey: (label) => label.includes("/") && isReplaced(profileOfId(label)),
};

function isReplaced(profile: string): profile is CrlProfile {
  return (crlProfiles as readonly string[]).includes(profile);
}

const rootOf = (profile: CrlProfile) => hierarchy.find((ca) => ca.profile === profile)?.issuer;

/** @throws SmkiError AUTHORITY_NOT_FOUND, REPLACEMENT_NOT_POSSIBLE */
function requireReplaceable(
  authorities: readonly Authority[],
  { authorityId = "" }: CeremonyOrder,
): CrlProfile {
  const authority = authorities.find(({ id }) => id === authorityId);
  if (authority === undefined) throw new SmkiError("AUTHORITY_NOT_FOUND", { authority: authorityId });
  const { profile } = authority;
  const living = authorities.find((ca) => ca.profile === profile && ca.state !== "revoked");
  if (!isReplaced(profile) || living !== undefined)
    throw new SmkiError("REPLACEMENT_NOT_POSSIBLE", { authority: authorityId, state: authority.state });
  return profile;
}

/**
 * A name is given once: two CAs of one name would have two CRLs under it.
 *
 * @throws SmkiError AUTHORITY_NAME_UNUSABLE
 */
function requireNameUsable({ terms }: SettlingRoom, authorities: readonly Authority[], name = ""): void {
  const most = terms.lintLimits.authorityNameOctets;
  const taken = authorities.map((authority) => issuerOf(authority).fields.subject.commonName);
  const ofStock = terms.issuingDcaName(1).commonName;
  const isOfStock = name.length === ofStock.length && name.startsWith(ofStock.slice(0, 1));
  const isName = /^[A-Za-z0-9]+$/.test(name) && name.length <= most;
  if (!isName || isOfStock || taken.includes(name))
    throw new SmkiError("AUTHORITY_NAME_UNUSABLE", { name, octets: most, taken: taken.join(" ") });
}

/**
 * The next number of its kind; the first has none. One that a root has put its name to is not given again, nor one that it
 * may have in a ceremony that a restore knows nothing of.
 */
async function nextId(
  room: SettlingRoom,
  authorities: readonly Authority[],
  profile: CrlProfile,
): Promise<string> {
  const prefix = intendStep(`${profile}/`);
  const { intended, floor } = await room.database.read(async (tx) => ({
    intended: await selectStepNames(tx, prefix),
    floor: (await numberFloors(tx)).replacementFloor,
  }));
  const known = new Set([
    ...authorities.map(({ id }) => id),
    ...intended.map((name) => name.slice(intendStep("").length)),
  ]);
  let number = Math.max(2, floor + 1);
  while (known.has(numberedId(profile, number))) number += 1;
  return numberedId(profile, number);
}
