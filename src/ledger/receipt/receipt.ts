import { encodePem } from "../../certificates/index.ts";
import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import { decodeBase64 } from "../note.ts";
import { formatTlogProof, parseTlogProof, type TlogProof, tlogProofForm } from "../tlog-proof.ts";

/** That the issuing of a certificate was recorded: all that is needed to check it, in one text. */
export interface Receipt {
  /** DER. */
  readonly certificate: Buffer;
  /** The key that signed the checkpoint, as the receipt states it; whoever checks takes it from elsewhere. */
  readonly verifierKey: string;
  readonly proof: TlogProof;
}

const firstLine = "OpenSMKI receipt v1";
const largestReceipt = 1_000_000;
// Both verifiers read exactly this, so that neither passes what the other refuses.
const form =
  /^(?:#[^\n]*\n){0,50}verifier-key ([^ \n]+)\n\n-----BEGIN CERTIFICATE-----\n((?:[A-Za-z0-9+/=]+\n)+)-----END CERTIFICATE-----\n\n/;

const explanation = `# This file shows that the certificate in it was recorded, when it was issued, in the ledger
# of the Smart Metering Key Infrastructure whose verifier key stands below. To check it, now
# or in many years, without a network and without trusting whoever gave you this file:
#   smki receipt check THIS-FILE --key KEY-FILE
# or the second verifier, a page of Python: verify_ledger.py receipt THIS-FILE KEY-FILE
# Take KEY-FILE from where the operator publishes it; the key below only says which it was.
# From the line ${tlogProofForm} to the end it is a proof of the public form
# c2sp.org/tlog-proof: its line \`extra\` is the ledger's entry, in Base64.
`;

/** Writes a receipt (docs/ledger.md, "Receipts"). */
export function formatReceipt({ certificate, verifierKey, proof }: Receipt): string {
  return `${firstLine}\n${explanation}verifier-key ${verifierKey}\n\n${encodePem(certificate)}\n${formatTlogProof(proof)}`;
}

/**
 * Reads a receipt; it checks nothing of what it says.
 *
 * @throws SmkiError RECEIPT_MALFORMED
 */
export function parseReceipt(text: string): Receipt {
  if (text.length > largestReceipt) throw new SmkiError("RECEIPT_MALFORMED", { characters: text.length });
  if (!text.startsWith(`${firstLine}\n`))
    throw new SmkiError("RECEIPT_MALFORMED", { reason: "another first line" });
  const body = text.slice(firstLine.length + 1);
  const [head = "", verifierKey, base64 = ""] = form.exec(body) ?? [];
  const certificate = decodeBase64(base64.replaceAll("\n", ""));
  if (verifierKey === undefined || certificate === undefined)
    throw new SmkiError("RECEIPT_MALFORMED", { reason: "not a verifier key and a certificate" });
  try {
    return { certificate, verifierKey, proof: parseTlogProof(body.slice(head.length)) };
  } catch (cause) {
    if (!isSmkiError(cause)) throw cause;
    throw new SmkiError("RECEIPT_MALFORMED", { reason: cause.message }, { cause });
  }
}
