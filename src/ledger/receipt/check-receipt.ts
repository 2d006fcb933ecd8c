import { hash } from "node:crypto";
import { parseCertificate, printable, serialNumberFromOctets } from "../../certificates/index.ts";
import { isSmkiError, SmkiError } from "../../errors/smki-error.ts";
import { decodeAct } from "../act-encoding.ts";
import { readIssuedCertificate } from "../certificate-act.ts";
import { type Checkpoint, openCheckpoint } from "../checkpoint.ts";
import { type NoteVerifier, parseLedgerKey, parseNote, parseVerifierKey, signatureHolds } from "../note.ts";
import { leafHash } from "../tree/hash.ts";
import { inclusionHolds } from "../tree/verify-proof.ts";
import { decodeTimestamped } from "../witness/cosignature-message.ts";
import { parseReceipt, type Receipt } from "./receipt.ts";

/** One check of a receipt, in the order in which they are made. */
export interface ReceiptCheck {
  /** `open`: it was asked for, and this receipt alone cannot decide it. */
  readonly outcome: "holds" | "fails" | "open";
  /** One sentence for people, without a final stop. */
  readonly what: string;
  /** Where it is written that this is to be checked, and how. */
  readonly source: string;
}

/** What a receipt is checked with; all of it from elsewhere than the receipt. */
export interface ReceiptCheckOptions {
  /**
   * The ledger's verifier key. If left out, the receipt's own: that the receipt agrees with itself proves nothing, so that
   * the signature is then left open.
   */
  readonly verifierKey?: string;
  /** Witnesses' verifier keys: each must have cosigned the receipt's checkpoint. */
  readonly witnessKeys?: readonly string[];
  /** Signed checkpoints that were kept elsewhere. */
  readonly knownCheckpoints?: readonly string[];
  /** Gives the root that a verified copy of the ledger has at a size; undefined beyond it. */
  readonly rootInCopy?: (size: number) => Promise<Buffer | undefined>;
}

/** How a receipt stands. */
export interface ReceiptReport {
  /** True when every check holds. */
  readonly holds: boolean;
  readonly checks: readonly ReceiptCheck[];
}

/**
 * Checks a receipt, with no network and no estate. Every check is made and told, also after one has failed.
 *
 * @throws SmkiError RECEIPT_MALFORMED for what is no receipt, LEDGER_VERIFIER_KEY_MALFORMED; never for what is wrong
 *   with what it says
 */
export async function checkReceipt(text: string, options: ReceiptCheckOptions = {}): Promise<ReceiptReport> {
  const receipt = parseReceipt(text);
  const verifier = parseLedgerKey(options.verifierKey ?? receipt.verifierKey);
  const witnesses = (options.witnessKeys ?? []).map(witnessOf);
  const signed = checkpointCheck(receipt, verifier, options.verifierKey !== undefined);
  const checks = [
    actCheck(receipt),
    signed.check,
    ...(signed.checkpoint === undefined ? [] : [inclusionCheck(receipt, signed.checkpoint)]),
    ...witnesses.map((witness) => cosignatureCheck(receipt.proof.checkpoint, witness)),
    ...(await outsideChecks(signed.checkpoint, verifier, options)),
  ];
  return { holds: checks.every(({ outcome }) => outcome === "holds"), checks };
}

/** A ledger's own key says nothing of other histories, so that it passes for no witness. */
function witnessOf(key: string): NoteVerifier {
  const witness = parseVerifierKey(key);
  if (witness.kind === "cosignature") return witness;
  throw new SmkiError("LEDGER_VERIFIER_KEY_MALFORMED", {
    name: witness.name,
    reason: "not the key of a witness",
  });
}

const check = (holds: boolean, source: string, good: string, bad: string): ReceiptCheck => ({
  outcome: holds ? "holds" : "fails",
  what: holds ? good : bad,
  source,
});

/** That the entry is the act of issuing exactly this certificate. */
function actCheck({ certificate, proof }: Receipt): ReceiptCheck {
  const source = "RFC 8785 and docs/ledger.md: the form of an act";
  const fails = (what: string): ReceiptCheck => ({ outcome: "fails", what, source });
  try {
    const act = decodeAct(proof.entry);
    const issued = readIssuedCertificate(act);
    if (issued === undefined)
      return fails(`the entry is the act ${printable(act.kind.slice(0, 60))}, not one of issuing`);
    const serialNumber = serialNumberFromOctets(parseCertificate(certificate).serialNumber);
    if (issued.serialNumber !== serialNumber)
      return fails(`the entry is of certificate ${issued.serialNumber}, not of ${serialNumber}`);
    if (issued.certificate !== hash("sha256", certificate, "hex"))
      return fails(`the entry is of another certificate with the serial number ${serialNumber}`);
    const what = `the entry records that certificate ${serialNumber}, with this SHA-256, was issued at ${act.at.toISOString()} by ${issued.authority}, on the request of ${act.by}`;
    // Whoever wrote a receipt that has no key to it yet wrote these texts too: none may look like a check of ours.
    return { outcome: "holds", what: printable(what), source };
  } catch (error) {
    if (!isSmkiError(error)) throw error;
    return fails(`the entry is no act: ${error.message}`);
  }
}

function checkpointCheck({ proof }: Receipt, verifier: NoteVerifier, isGiven: boolean) {
  const source = "C2SP signed-note and tlog-checkpoint; RFC 8032 (Ed25519)";
  const outcome = isGiven ? "holds" : "open";
  const whose = isGiven
    ? "the key that was given"
    : "the key in the receipt itself, which anyone can write there: give --key";
  try {
    const checkpoint = openCheckpoint(proof.checkpoint, verifier);
    const what = `a checkpoint of ${String(checkpoint.size)} entries of ${printable(checkpoint.origin)} is signed by ${verifier.keyId}, ${whose}`;
    return { checkpoint, check: { outcome, what, source } satisfies ReceiptCheck };
  } catch (error) {
    if (!isSmkiError(error)) throw error;
    const what = `the checkpoint cannot be relied on: ${error.message}`;
    return { checkpoint: undefined, check: { outcome: "fails", what, source } satisfies ReceiptCheck };
  }
}

function inclusionCheck({ proof }: Receipt, { size, root }: Checkpoint): ReceiptCheck {
  const { index, entry, hashes } = proof;
  const holds = inclusionHolds({ index, leafHash: leafHash(entry), size, root, proof: hashes });
  const where = `entry ${String(index)} of the ${String(size)} under the checkpoint`;
  return check(
    holds,
    "RFC 9162 2.1.1 and 2.1.3.2; C2SP tlog-proof",
    `the entry is ${where}`,
    `the proof does not show that the entry is ${where}`,
  );
}

function cosignatureCheck(note: string, witness: NoteVerifier): ReceiptCheck {
  const source = "C2SP tlog-cosignature";
  const { name, keyId } = witness;
  try {
    const { text, signatures } = parseNote(note);
    const found = signatures.find((signature) => signature.name === name && signature.keyId === keyId);
    if (found === undefined)
      return { outcome: "fails", what: `witness ${name} has not cosigned the checkpoint`, source };
    const seconds = decodeTimestamped(found.signature)?.seconds;
    const when = seconds === undefined ? "" : ` at ${new Date(Number(seconds) * 1000).toISOString()}`;
    return check(
      signatureHolds(text, found.signature, witness),
      source,
      `witness ${name} has cosigned the checkpoint${when}: it had seen no other history`,
      `the cosignature of witness ${name} does not hold`,
    );
  } catch (error) {
    if (!isSmkiError(error)) throw error;
    return { outcome: "fails", what: `the checkpoint is no signed note`, source };
  }
}

async function outsideChecks(
  checkpoint: Checkpoint | undefined,
  verifier: NoteVerifier,
  { knownCheckpoints = [], rootInCopy }: ReceiptCheckOptions,
): Promise<ReceiptCheck[]> {
  if (checkpoint === undefined) return [];
  const { size, root } = checkpoint;
  const checks = knownCheckpoints.map((note) => againstCheckpoint(checkpoint, note, verifier));
  if (rootInCopy === undefined) return checks;
  const source = "RFC 9162 2.1.1";
  const inCopy = await rootInCopy(size);
  if (inCopy === undefined) {
    const what = `the copy has fewer than ${String(size)} entries: bring it up to date`;
    return [...checks, { outcome: "open", what, source }];
  }
  return [
    ...checks,
    check(
      inCopy.equals(root),
      source,
      `the copy of the ledger has the same root at ${String(size)} entries`,
      `the copy of the ledger has another root at ${String(size)} entries: history was rewritten`,
    ),
  ];
}

function againstCheckpoint({ size, root }: Checkpoint, note: string, verifier: NoteVerifier): ReceiptCheck {
  const source = "C2SP tlog-checkpoint";
  try {
    const other = openCheckpoint(note, verifier);
    if (other.size !== size) {
      const what = `a checkpoint of ${String(other.size)} entries says nothing of one of ${String(size)} by itself: give a copy of the ledger with --copy`;
      return { outcome: "open", what, source };
    }
    return check(
      other.root.equals(root),
      source,
      "a checkpoint that was kept elsewhere states the same root",
      "a checkpoint of the same size that was kept elsewhere states another root: history was rewritten",
    );
  } catch (error) {
    if (!isSmkiError(error)) throw error;
    return {
      outcome: "fails",
      what: `a checkpoint from outside cannot be relied on: ${error.message}`,
      source,
    };
  }
}
