import { oid } from "../../certificates/index.ts";
import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import { keyWrapAlgorithms, wrapContingencyPublicKey } from "../../keys/contingency-wrap.ts";
import type { Signer } from "../../keys/signer.ts";
import { type Authority, publishesCrl } from "../authority.ts";
import { selectAuthorities } from "../authority-store.ts";
import { publishList } from "../revocation/publish-list.ts";
import {
  type CeremonyRecord,
  type CeremonyRoom,
  describeAuthority,
  holdCeremony,
  lodgeAuthorities,
  type WriteCeremony,
} from "./ceremony.ts";
import { certifyAuthority } from "./certify.ts";
import {
  contingencyKeyLabel,
  contingencySymmetricKeyLabel,
  hierarchy,
  keyAlgorithmOf,
  keyStoreOf,
  ledgerKeyLabel,
} from "./hierarchy.ts";
import { makeStock } from "./stock.ts";
import { type CeremonyRequest, fingerprint, type Transcript } from "./transcript.ts";

/**
 * The founding ceremony of an estate: the Contingency key pair and symmetric key, the two device hierarchies
 * and the infrastructure's, the stock of Issuing DCAs, the first ARLs and CRLs.
 *
 * @throws SmkiError CEREMONY_WITNESSES_NEEDED, HIERARCHY_EXISTS
 */
export async function foundHierarchy(room: CeremonyRoom, request: CeremonyRequest): Promise<CeremonyRecord> {
  return holdCeremony(room, request, async () => {
    if ((await room.database.read((tx) => selectAuthorities(tx))).length > 0)
      throw new SmkiError("HIERARCHY_EXISTS");
    return (transcript) => makeHierarchy(room, transcript);
  });
}

async function makeHierarchy(room: CeremonyRoom, transcript: Transcript): Promise<WriteCeremony> {
  await clearAbandonedKeys(room, transcript);
  const wrapped = await makeContingencyKeys(room, transcript);
  const authorities: Authority[] = [];
  for (const { profile, issuer } of hierarchy) {
    const key = await signerFor(room, keyStoreOf(profile)).generateKey(profile, keyAlgorithmOf(profile));
    transcript.step(
      `${profile} key made in the ${keyStoreOf(profile)} store: SHA-256 ${fingerprint(key.publicKey)}`,
    );
    const issuing = authorities.find(({ id }) => id === issuer);
    const authority = await certifyAuthority(
      {
        id: profile,
        profile,
        key,
        terms: room.terms,
        ...(issuing === undefined ? {} : { issuer: issuing }),
        ...(profile === "root-oca" ? wrapped : {}),
      },
      room.ceremonySigner,
      room.clock(),
    );
    transcript.step(describeAuthority(authority));
    authorities.push(authority);
  }
  authorities.push(...(await makeStock(room, transcript, authorities, 1, room.terms.stockSize)));

  return async (tx, ceremonyId) => {
    const at = room.clock();
    const acts = await lodgeAuthorities(tx, authorities, ceremonyId, at);
    const steps: string[] = [];
    for (const authority of authorities) {
      const kind = publishesCrl(authority.profile) ? "CRL" : "ARL";
      // The Issuing DCA has no list: a Device Certificate cannot be revoked.
      if (authority.profile === "issuing-dca") continue;
      const schedule = publishesCrl(authority.profile) ? room.terms.crlOf(authority.profile) : room.terms.arl;
      const signer = signerFor(room, keyStoreOf(authority.profile));
      const list = await publishList(tx, signer, authority, schedule, at, "first");
      steps.push(
        `${authority.id} ${kind} number ${String(list.number)} signed: SHA-256 ${fingerprint(list.list)}`,
      );
    }
    return { acts, steps };
  };
}

function signerFor(room: CeremonyRoom, store: "ceremony" | "operational"): Signer {
  return store === "ceremony" ? room.ceremonySigner : room.operationalSigner;
}

/** The Contingency key replaces the Root OCA on devices; its public half travels wrapped in the Root OCA's certificate. */
async function makeContingencyKeys(room: CeremonyRoom, transcript: Transcript) {
  const wrap = keyWrapAlgorithms[room.terms.wrapAlgorithm];
  const contingency = await room.ceremonySigner.generateKey(contingencyKeyLabel, "ecdsa-p256-sha256");
  transcript.step(
    `Contingency key pair made in the ceremony store: SHA-256 ${fingerprint(contingency.publicKey)}`,
  );
  await room.ceremonySigner.generateSecret(contingencySymmetricKeyLabel, wrap.keyOctets);
  transcript.step(`Contingency Symmetric Key of ${String(wrap.keyOctets)} octets made in the ceremony store`);
  const symmetricKey = await room.ceremonySigner.readSecret(contingencySymmetricKeyLabel);
  const wrappedKey = wrapContingencyPublicKey(symmetricKey, contingency.publicKey, room.terms.wrapAlgorithm);
  symmetricKey.fill(0);
  transcript.step(`contingency public key wrapped with ${room.terms.wrapAlgorithm}`);
  return { wrappedContingencyKey: { wrapAlgorithm: oid(wrap.oid), wrappedKey } };
}

/**
 * An abandoned founding leaves keys and nothing that refers to them: none may ever be used. The keys of a living
 * estate are safe from a founding on an empty database: the checkpoint before is refused, since the signer of
 * the ledger has signed for more entries than that database has.
 */
async function clearAbandonedKeys(room: CeremonyRoom, transcript: Transcript): Promise<void> {
  for (const signer of [room.ceremonySigner, room.operationalSigner])
    for (const { label } of await signer.listKeys()) {
      // The ledger's key was made with the ledger itself, before any ceremony.
      if (label === ledgerKeyLabel) continue;
      await signer.destroyKey(label);
      transcript.step(`key ${label} of an abandoned ceremony destroyed`);
    }
  // A secret is no key pair, and no list names it.
  try {
    await room.ceremonySigner.destroyKey(contingencySymmetricKeyLabel);
    transcript.step("Contingency Symmetric Key of an abandoned ceremony destroyed");
  } catch (error) {
    if (!isSmkiError(error, "KEY_NOT_FOUND")) throw error;
  }
}
