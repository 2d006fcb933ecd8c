import { setImmediate as breathe } from "node:timers/promises";
import {
  assembleCrl,
  type Finding,
  lintCrl,
  lintTbsCrl,
  parseCrl,
  parseTbsCrl,
  verifyCrlSignature,
} from "../../certificates/index.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import type { Signer } from "../../keys/signer.ts";
import type { Issuer } from "../issuing/issuer.ts";

/**
 * Reads and lints the octets that are about to be signed. Between the parts the process turns to what else it has to
 * do: of a list of 100,000 entries each takes some fifty milliseconds.
 *
 * @throws SmkiError LIST_LINT_FINDING, CRL_MALFORMED: nothing with a finding is ever signed
 */
export async function lintBeforeSigning(issuer: Issuer, toBeSigned: Buffer): Promise<void> {
  await breathe();
  const list = parseTbsCrl(toBeSigned);
  await breathe();
  requireNoFinding(issuer, lintTbsCrl(list, { issuer: issuer.lintIssuer }));
  await breathe();
}

/**
 * Signs, and compares what came of it: the same octets, a signature that verifies under the CA's certificate, and no
 * finding of lint in the whole list.
 *
 * @returns the list in DER, and its signature
 * @throws SmkiError OWN_SIGNATURE_INVALID, LIST_LINT_FINDING, KEY_NOT_FOUND, KEY_STORE_UNAVAILABLE
 */
export async function signAndCompare(
  signer: Signer,
  issuer: Issuer,
  toBeSigned: Buffer,
): Promise<{ readonly list: Buffer; readonly signature: Buffer }> {
  const signature = await signer.sign(issuer.authority.keyLabel, toBeSigned);
  await breathe();
  const list = assembleCrl(toBeSigned, signature);
  const parsed = parseCrl(list);
  await breathe();
  if (!parsed.tbs.equals(toBeSigned) || !verifyCrlSignature(parsed, issuer.publicKey))
    throw new SmkiError("OWN_SIGNATURE_INVALID", { authority: issuer.authority.id });
  requireNoFinding(issuer, lintCrl(parsed, { issuer: issuer.lintIssuer }));
  await breathe();
  return { list, signature };
}

function requireNoFinding(issuer: Issuer, [finding]: readonly Finding[]): void {
  if (finding === undefined) return;
  const { rule, message } = finding;
  throw new SmkiError("LIST_LINT_FINDING", { authority: issuer.authority.id, rule, finding: message });
}
