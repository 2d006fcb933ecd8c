import { setImmediate as breathe } from "node:timers/promises";
import {
  assembleCrl,
  type Finding,
  lintCrlSignature,
  lintTbsCrl,
  parseTbsCrlInParts,
  type ToBeSignedList,
  verifyCrlSignature,
  withSignature,
} from "../../certificates/index.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import type { Signer } from "../../keys/signer.ts";
import type { Issuer } from "../issuing/issuer.ts";

/** A list that may be signed: its octets, and what was parsed of them. */
export interface SignableList {
  readonly toBeSigned: Buffer;
  readonly parsed: ToBeSignedList;
}

/**
 * Reads and lints the octets that are about to be signed. Between the parts the process turns to what else it has to
 * do: of a list of 100,000 entries none takes more than some fifty milliseconds.
 *
 * @throws SmkiError LIST_LINT_FINDING, CRL_MALFORMED: nothing with a finding is ever signed
 */
export async function lintBeforeSigning(issuer: Issuer, toBeSigned: Buffer): Promise<SignableList> {
  await breathe();
  const parsed = await parseTbsCrlInParts(toBeSigned, breathe);
  await breathe();
  requireNoFinding(issuer, await lintTbsCrl(parsed, { issuer: issuer.lintIssuer }, breathe));
  return { toBeSigned, parsed };
}

/**
 * Signs, and compares what came of it: the octets that were linted and no others, a signature that verifies under the
 * CA's certificate, and no finding of lint in what signing added.
 *
 * @returns the list in DER, and its signature
 * @throws SmkiError OWN_SIGNATURE_INVALID, LIST_LINT_FINDING, CRL_MALFORMED, KEY_NOT_FOUND, KEY_STORE_UNAVAILABLE
 */
export async function signAndCompare(
  signer: Signer,
  issuer: Issuer,
  { toBeSigned, parsed }: SignableList,
): Promise<{ readonly list: Buffer; readonly signature: Buffer }> {
  const signature = await signer.sign(issuer.authority.keyLabel, toBeSigned);
  await breathe();
  const list = assembleCrl(toBeSigned, signature);
  const signed = withSignature(list, toBeSigned, parsed);
  if (!verifyCrlSignature(signed, issuer.publicKey))
    throw new SmkiError("OWN_SIGNATURE_INVALID", { authority: issuer.authority.id });
  requireNoFinding(issuer, lintCrlSignature(signed, { issuer: issuer.lintIssuer }));
  return { list, signature };
}

function requireNoFinding(issuer: Issuer, [finding]: readonly Finding[]): void {
  if (finding === undefined) return;
  const { rule, message } = finding;
  throw new SmkiError("LIST_LINT_FINDING", { authority: issuer.authority.id, rule, finding: message });
}
