import type { Attribute, Handle } from "pkcs11js";
import { SmkiError } from "../../errors/smki-error.ts";
import type { KeyAlgorithm, KeyInfo } from "../signer.ts";
import { CKA, CKK, CKO } from "./cryptoki.ts";
import {
  attribute,
  findObjects,
  readAttribute,
  readFlag,
  readNumber,
  readText,
  type Session,
} from "./objects.ts";
import { ed25519PublicKey, p256PublicKey, rsaPublicKey } from "./public-key.ts";

/** A key pair in the token. */
export interface TokenKey {
  readonly info: KeyInfo;
  readonly privateKey: Handle;
}

/** Every complete key pair; half a pair, which a crash may leave, is passed over here: {@link listTokenLabels} has it. */
export function listTokenKeys(session: Session): TokenKey[] {
  return findObjects(session, CKO.PRIVATE_KEY).flatMap((privateKey) => {
    const publicKey = publicObjectOf(session, privateKey);
    return publicKey === undefined ? [] : [readTokenKey(session, privateKey, publicKey)];
  });
}

/** @throws SmkiError KEY_NOT_FOUND, KEY_STORE_DAMAGED */
export function findTokenKey(session: Session, token: string, label: string): TokenKey {
  const [privateKey, another] = findObjects(session, CKO.PRIVATE_KEY, labelled(label));
  if (privateKey === undefined) throw new SmkiError("KEY_NOT_FOUND", { label });
  const publicKey = publicObjectOf(session, privateKey);
  if (publicKey === undefined || another !== undefined)
    throw new SmkiError("KEY_STORE_DAMAGED", {
      token,
      label,
      part: publicKey ? "two keys of one label" : "public key",
    });
  return readTokenKey(session, privateKey, publicKey);
}

/** Everything of that label: both halves of a pair, or a secret. */
export function objectsOf(session: Session, label: string): Handle[] {
  // The private key first: a crash in the midst of a destruction then leaves nothing that signs.
  return [...holdersOf(session, label), ...findObjects(session, CKO.PUBLIC_KEY, labelled(label))];
}

/** What takes a label: a private key or a secret. A public key alone holds nothing that could be lost. */
export function holdersOf(session: Session, label: string): Handle[] {
  return [CKO.PRIVATE_KEY, CKO.SECRET_KEY].flatMap((kind) => findObjects(session, kind, labelled(label)));
}

/** Every label on the token, of whole pairs, halves and secrets, once and in order. */
export function listTokenLabels(session: Session): string[] {
  const objects = [CKO.PRIVATE_KEY, CKO.SECRET_KEY, CKO.PUBLIC_KEY].flatMap((kind) =>
    findObjects(session, kind),
  );
  return [...new Set(objects.map((object) => readText(session, object, CKA.LABEL)))].sort();
}

function labelled(label: string): Attribute[] {
  return [attribute(CKA.LABEL, label)];
}

function publicObjectOf(session: Session, privateKey: Handle): Handle | undefined {
  const id = readAttribute(session, privateKey, CKA.ID);
  return findObjects(session, CKO.PUBLIC_KEY, [attribute(CKA.ID, id)])[0];
}

function readTokenKey(session: Session, privateKey: Handle, publicKey: Handle): TokenKey {
  const label = readText(session, privateKey, CKA.LABEL);
  const algorithm = algorithmOf(session, privateKey, label);
  return { info: { label, algorithm, publicKey: readPublicKey(session, publicKey, algorithm) }, privateKey };
}

function algorithmOf(session: Session, privateKey: Handle, label: string): KeyAlgorithm {
  const type = readNumber(session, privateKey, CKA.KEY_TYPE);
  if (type === CKK.RSA) return "rsa-2048-sha256";
  if (type === CKK.EC_EDWARDS) return "ed25519";
  if (type === CKK.EC) return readFlag(session, privateKey, CKA.SIGN) ? "ecdsa-p256-sha256" : "ecdh-p256";
  throw new SmkiError("KEY_ALGORITHM_UNSUPPORTED", { label, keyType: type });
}

function readPublicKey(session: Session, publicKey: Handle, algorithm: KeyAlgorithm): Buffer {
  const read = (type: number): Buffer => readAttribute(session, publicKey, type);
  if (algorithm === "rsa-2048-sha256") return rsaPublicKey(read(CKA.MODULUS), read(CKA.PUBLIC_EXPONENT));
  const point = read(CKA.EC_POINT);
  return algorithm === "ed25519" ? ed25519PublicKey(point) : p256PublicKey(point);
}
