import { hash } from "node:crypto";
import type { Tx } from "../../database/transaction.ts";
import { SmkiError } from "../../errors/smki-error.ts";
import { proveLeaf } from "../read-ledger.ts";
import { cosignedCheckpoint } from "../witness/cosigned-checkpoint.ts";
import { findCertificateLeaf } from "./certificate-leaf-store.ts";
import { formatReceipt } from "./receipt.ts";

/** A certificate as it is held. */
export interface HeldCertificate {
  /** In lower-case hex, as the acts have it. */
  readonly serialNumber: string;
  /** DER. */
  readonly certificate: Buffer;
  /** When it was issued, as its act has it. */
  readonly lodgedAt: Date;
}

/** What a receipt is made under. */
export interface ReceiptTerms {
  /** The ledger's verifier key. */
  readonly verifierKey: string;
  /** Witnesses that must have cosigned the checkpoint; 0 for none. */
  readonly quorum: number;
}

/**
 * Makes the receipt of a certificate: under the checkpoint that is shown to others, with its cosignatures.
 *
 * @throws SmkiError LEDGER_ACT_UNSEQUENCED until a checkpoint covers the act; LEDGER_ACT_NOT_FOUND
 */
export async function makeReceipt(tx: Tx, held: HeldCertificate, terms: ReceiptTerms): Promise<string> {
  const { serialNumber, certificate, lodgedAt } = held;
  const sha256 = hash("sha256", certificate, "hex");
  const leaf = await findCertificateLeaf(tx, { serialNumber, sha256, issuedAt: lodgedAt });
  if (leaf === undefined) throw new SmkiError("LEDGER_ACT_NOT_FOUND", { serialNumber });
  const size = (await cosignedCheckpoint(tx, terms.quorum))?.size ?? 0;
  if (leaf === "open" || leaf >= size) throw new SmkiError("LEDGER_ACT_UNSEQUENCED", { serialNumber, size });
  const { entry, proof, checkpoint } = await proveLeaf(tx, leaf, terms.quorum);
  return formatReceipt({
    certificate,
    verifierKey: terms.verifierKey,
    proof: { entry, index: leaf, hashes: proof, checkpoint },
  });
}
