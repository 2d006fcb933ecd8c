import { SmkiError } from "../../errors/smki-error.ts";
import type { StoreIdentity } from "../settings.ts";
import { identityOf, identityText, parseIdentity, requireIdentity } from "../store-identity.ts";
import { CKA, CKO } from "./cryptoki.ts";
import { attribute, findObjects, readText, type Session } from "./objects.ts";

/*
 * A token says whose it is by a data object. It is private, so that only who has the PIN can write one, and not
 * modifiable, so that a token stays test or live, and its estate's, for ever.
 */
const APPLICATION = "opensmki";
const LABEL = "opensmki-environment";

const markerAttributes = [attribute(CKA.APPLICATION, APPLICATION), attribute(CKA.LABEL, LABEL)];

/**
 * Marks an empty token.
 *
 * @throws SmkiError KEY_STORE_EXISTS, KEY_STORE_NOT_EMPTY, KEY_ESTATE_INVALID
 */
export function markToken(session: Session, token: string, identity: StoreIdentity): void {
  if (findObjects(session, CKO.DATA, markerAttributes).length > 0)
    throw new SmkiError("KEY_STORE_EXISTS", { token });
  const objects = [CKO.PRIVATE_KEY, CKO.PUBLIC_KEY, CKO.SECRET_KEY].flatMap((kind) =>
    findObjects(session, kind),
  );
  if (objects.length > 0) throw new SmkiError("KEY_STORE_NOT_EMPTY", { token, objects: objects.length });
  // A crash before this line leaves an empty token; after it the store exists.
  session.cryptoki.C_CreateObject(session.handle, [
    attribute(CKA.CLASS, CKO.DATA),
    attribute(CKA.TOKEN, true),
    attribute(CKA.PRIVATE, true),
    attribute(CKA.MODIFIABLE, false),
    ...markerAttributes,
    attribute(CKA.VALUE, identityText(identityOf(identity))),
  ]);
}

/**
 * @throws SmkiError KEY_STORE_NOT_FOUND, KEY_ENVIRONMENT_MISMATCH, KEY_STORE_OF_ANOTHER_ESTATE, KEY_STORE_OF_NO_ESTATE, KEY_STORE_DAMAGED
 */
export function requireMark(session: Session, token: string, wanted: StoreIdentity): void {
  const [marker, another] = findObjects(session, CKO.DATA, markerAttributes);
  if (marker === undefined) throw new SmkiError("KEY_STORE_NOT_FOUND", { token });
  const identity = parseIdentity(readText(session, marker, CKA.VALUE));
  // Two marks can only come of two creations at once: whose the token is cannot be told.
  if (identity === undefined || another !== undefined)
    throw new SmkiError("KEY_STORE_DAMAGED", { token, part: LABEL });
  requireIdentity(identity, wanted, token);
}
