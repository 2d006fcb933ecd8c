import { isSmkiError } from "../../../errors/smki-error.ts";
import type { CertificateList } from "../../crl/index.ts";
import { type Oid, oid } from "../../der/index.ts";
import { type AuthorityKeyIdentifier, decodeAuthorityKeyIdentifier } from "../../extensions/index.ts";
import type { Extension } from "../../syntax/index.ts";
import { Oids } from "../../vocabulary/index.ts";
import type { ListReason } from "../path-check.ts";
import type { Signatures } from "../signatures.ts";
import type { Standing } from "../standing.ts";

/** Why a list is not one of this issuer's that can be read whole. */
export interface ListFault {
  readonly reason: ListReason;
  readonly words: string;
}

const fault = (reason: ListReason, words: string): ListFault => ({ reason, words });

/** A list with what is read of it whoever the issuer is: of a million entries that is not done twice. */
export interface ReadList {
  readonly list: CertificateList;
  /** Why it cannot be read whole; undefined when it can. */
  readonly malformed: ListFault | undefined;
  /** The identifier of the key that it names as its issuer's. */
  readonly keyIdentifier: Buffer | undefined;
}

/** Reads what {@link listFault} asks about. It never throws for what a list holds. */
export function readList(list: CertificateList): ReadList {
  return { list, malformed: formFault(list), keyIdentifier: authorityOf(list)?.keyIdentifier };
}

/**
 * Says whether a list that bears the issuer's name is the issuer's: by key identifier and signature, from a key that may
 * sign lists, and without anything critical that is not understood here. Whether it is current is another question.
 *
 * @returns undefined when it is
 * @throws SmkiError PATH_BUDGET_EXCEEDED
 */
export function listFault(
  { list, malformed, keyIdentifier }: ReadList,
  issuer: Standing,
  signatures: Signatures,
): ListFault | undefined {
  if (malformed !== undefined) return malformed;
  if (keyIdentifier === undefined)
    return fault("list-form", "does not say with which of its issuer's keys it was signed");
  if (issuer.keyIdentifier?.equals(keyIdentifier) !== true)
    return fault(
      "list-wrong-key",
      `names another key (${keyIdentifier.toString("hex")}) than that of ${issuer.label}`,
    );
  // A usage that is not written allows everything (RFC 5280 6.3.3 (f)); an authority without one fails for that elsewhere.
  if (issuer.usage?.includes("cRLSign") === false)
    return fault("list-issuer-usage", `is of ${issuer.label}, whose key usage does not let it sign lists`);
  return signatures.verify(list, issuer)
    ? undefined
    : fault("list-signature", `is not signed by the key of ${issuer.label}`);
}

/** deltaCRLIndicator and issuingDistributionPoint (RFC 5280 5.2.4 and 5.2.5), which ought to be critical. */
const isOfPartOnly: ReadonlySet<Oid> = new Set([oid("2.5.29.27"), oid("2.5.29.28")]);

function formFault(list: CertificateList): ListFault | undefined {
  const number = list.extensions.find(({ id }) => id === Oids.cRLNumber);
  if (list.version !== 2) return fault("list-form", "is not of version 2");
  if (list.nextUpdate === undefined) return fault("list-form", "does not say when the next one is due");
  if (number === undefined) return fault("list-form", "has no number");
  if (!list.signatureAlgorithm.der.equals(list.tbsSignatureAlgorithm.der))
    return fault("list-form", "bears another signature algorithm than the one that was signed");
  const partial = list.extensions.find(({ id }) => isOfPartOnly.has(id));
  if (partial !== undefined)
    return fault(
      "list-form",
      `has the extension ${partial.id}: it is no list of all that its issuer revoked`,
    );
  const critical = firstCritical(list);
  return critical === undefined
    ? undefined
    : fault("list-form", `has the critical extension ${critical}, which no list of the SMKI has`);
}

/** No extension of a list or an entry is critical in the SMKI: one that is would narrow what the list says. */
function firstCritical({ extensions, entries }: CertificateList): string | undefined {
  const isCritical = (extension: Extension) => extension.critical;
  const narrowed = [{ extensions }, ...entries].find((part) => part.extensions.some(isCritical));
  return narrowed?.extensions.find(isCritical)?.id;
}

function authorityOf(list: CertificateList): AuthorityKeyIdentifier | undefined {
  const extension = list.extensions.find(({ id }) => id === Oids.authorityKeyIdentifier);
  if (extension === undefined) return undefined;
  try {
    return decodeAuthorityKeyIdentifier(extension.value);
  } catch (error) {
    if (!isSmkiError(error)) throw error;
    return undefined;
  }
}
