import { createPublicKey, hash, type KeyObject, verify } from "node:crypto";
import { printable } from "../certificates/index.ts";
import { SmkiError } from "../errors/smki-error.ts";
import { cosignatureHolds } from "./witness/cosignature-message.ts";

/**
 * What a signature of an Ed25519 key states: the text, or, as a witness's cosignature, the text at a time
 * (C2SP signed-note, "Signature types").
 */
export type SignatureKind = "signature" | "cosignature";

/** Who verifies a signed note: a name with an Ed25519 public key (C2SP signed-note, "Verifier keys"). */
export interface NoteVerifier {
  readonly name: string;
  readonly kind: SignatureKind;
  /** The first four octets of SHA-256(name ‖ 0x0A ‖ type of the signature ‖ public key), in lower-case hex. */
  readonly keyId: string;
  readonly publicKey: KeyObject;
}

/** Signs octets with Ed25519 and gives the 64 octets of RFC 8032. */
export type SignOctets = (message: Buffer) => Promise<Uint8Array>;

// C2SP signed-note, "Signature types".
const typeOctets: Readonly<Record<SignatureKind, number>> = { signature: 0x01, cosignature: 0x04 };
// SubjectPublicKeyInfo of an Ed25519 key up to the key's own 32 octets (RFC 8410 section 4).
const ed25519Prefix = Buffer.from("302a300506032b6570032100", "hex");
const keyIdOctets = 4;
const signatureOctets = 64;
const maximumNoteLength = 1_000_000;
// A verifier must take at least 16; witnesses each add one.
const maximumSignatures = 100;

/** Where a key was looked for, any file may have been given. */
const shown = (name: string): string => printable(name.slice(0, 100));

const namePattern = /^[^\s\u0085+\p{Cc}]+$/u;
const signatureLine = /^— (\S+) ([A-Za-z0-9+/]+={0,2})$/u;
// biome-ignore lint: control characters are what it looks for
const controlCharacter = /[\u0000-\u0009\u000b-\u001f]/;

/**
 * The verifier of a name and key.
 *
 * @param name - the key's name; without spaces and `+`
 * @param publicKey - DER SubjectPublicKeyInfo of an Ed25519 key
 * @param kind - `cosignature` for a witness
 * @throws SmkiError LEDGER_VERIFIER_KEY_MALFORMED
 */
export function noteVerifier(
  name: string,
  publicKey: Uint8Array,
  kind: SignatureKind = "signature",
): NoteVerifier {
  const raw = Buffer.from(publicKey).subarray(ed25519Prefix.length);
  const isEd25519 =
    raw.length === 32 && Buffer.from(publicKey).subarray(0, ed25519Prefix.length).equals(ed25519Prefix);
  if (!isEd25519 || !namePattern.test(name) || !name.isWellFormed()) {
    throw new SmkiError("LEDGER_VERIFIER_KEY_MALFORMED", { name: shown(name) });
  }
  const typed = Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(typeOctets[kind]), raw]);
  const keyId = hash("sha256", typed, "hex");
  const key = createPublicKey({ key: Buffer.from(publicKey), format: "der", type: "spki" });
  return { name, kind, keyId: keyId.slice(0, 2 * keyIdOctets), publicKey: key };
}

/** The verifier as one line of text, `name+id+key`, to be published (C2SP signed-note, "Verifier keys"). */
export function formatVerifierKey(verifier: NoteVerifier): string {
  const spki = verifier.publicKey.export({ format: "der", type: "spki" });
  const key = Buffer.concat([Buffer.of(typeOctets[verifier.kind]), spki.subarray(ed25519Prefix.length)]);
  return `${verifier.name}+${verifier.keyId}+${key.toString("base64")}`;
}

/**
 * Reads a verifier key.
 *
 * @throws SmkiError LEDGER_VERIFIER_KEY_MALFORMED, also when the id is not that of the key
 */
export function parseVerifierKey(text: string): NoteVerifier {
  const [name = "", keyId = "", ...rest] = text.trim().split("+");
  const key = decodeBase64(rest.join("+"));
  const kind = kindOf(key?.[0]);
  if (key === undefined || kind === undefined)
    throw new SmkiError("LEDGER_VERIFIER_KEY_MALFORMED", { name: shown(name) });
  const verifier = noteVerifier(name, Buffer.concat([ed25519Prefix, key.subarray(1)]), kind);
  if (verifier.keyId !== keyId) throw new SmkiError("LEDGER_VERIFIER_KEY_MALFORMED", { name, keyId });
  return verifier;
}

/**
 * Reads the verifier key of a ledger: one whose signatures are over checkpoints themselves. A witness's says that it
 * saw a checkpoint of another's, and passes for no ledger.
 *
 * @throws SmkiError LEDGER_VERIFIER_KEY_MALFORMED
 */
export function parseLedgerKey(text: string): NoteVerifier {
  const verifier = parseVerifierKey(text);
  if (verifier.kind === "signature") return verifier;
  throw new SmkiError("LEDGER_VERIFIER_KEY_MALFORMED", {
    name: verifier.name,
    reason: "the key of a witness, not of a ledger",
  });
}

function kindOf(typeOctet: number | undefined): SignatureKind | undefined {
  if (typeOctet === typeOctets.signature) return "signature";
  return typeOctet === typeOctets.cosignature ? "cosignature" : undefined;
}

/**
 * Signs a text (C2SP signed-note, "Format").
 *
 * @param text - ends in a newline
 * @param signer - the verifier of the key that `sign` signs with
 * @returns the note: text, blank line, signature line
 * @throws SmkiError LEDGER_NOTE_MALFORMED when the text cannot stand in a note
 */
export async function signNote(text: string, signer: NoteVerifier, sign: SignOctets): Promise<string> {
  if (!isNoteText(text)) throw new SmkiError("LEDGER_NOTE_MALFORMED", { reason: "not the text of a note" });
  const signature = await sign(Buffer.from(text, "utf8"));
  return `${text}\n${formatSignature({ name: signer.name, keyId: signer.keyId, signature })}`;
}

/** A signature as its line of a note (C2SP signed-note, "Signatures"). */
export function formatSignature({ name, keyId, signature }: NoteSignature): string {
  return `— ${name} ${Buffer.concat([Buffer.from(keyId, "hex"), signature]).toString("base64")}\n`;
}

/** True when the signature is one that the verifier's key made over the text. */
export function signatureHolds(text: string, signature: Uint8Array, verifier: NoteVerifier): boolean {
  if (verifier.kind === "cosignature") return cosignatureHolds(text, signature, verifier.publicKey);
  return (
    signature.length === signatureOctets && verify(null, Buffer.from(text), verifier.publicKey, signature)
  );
}

/**
 * Opens a note: gives its text only when a known key's signature holds, and refuses it when any signature
 * of a known key does not. Signatures of unknown keys are passed over (C2SP signed-note, "Signatures").
 *
 * @throws SmkiError LEDGER_NOTE_MALFORMED, LEDGER_NOTE_UNVERIFIED
 */
export function openNote(note: string, verifiers: readonly NoteVerifier[]): string {
  const { text, signatures } = parseNote(note);
  let verified = 0;
  for (const { name, keyId, signature } of signatures) {
    const verifier = verifiers.find((known) => known.name === name && known.keyId === keyId);
    if (verifier === undefined) continue;
    if (!signatureHolds(text, signature, verifier)) {
      throw new SmkiError("LEDGER_NOTE_UNVERIFIED", { name, keyId, reason: "the signature does not hold" });
    }
    verified += 1;
  }
  if (verified === 0)
    throw new SmkiError("LEDGER_NOTE_UNVERIFIED", { reason: "no signature of a known key" });
  return text;
}

/** A signature line, taken apart. */
export interface NoteSignature {
  readonly name: string;
  readonly keyId: string;
  /** What follows the key id: its form is the kind's. */
  readonly signature: Uint8Array;
}

/** Takes a note apart without verifying it. @throws SmkiError LEDGER_NOTE_MALFORMED */
export function parseNote(note: string): {
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
} {
  const split = note.lastIndexOf("\n\n");
  const text = note.slice(0, split + 1);
  const lines = note.slice(split + 2).split("\n");
  const last = lines.pop();
  const wellFormed = note.length <= maximumNoteLength && split >= 0 && last === "" && isNoteText(text);
  if (!wellFormed || lines.length === 0 || lines.length > maximumSignatures) {
    throw new SmkiError("LEDGER_NOTE_MALFORMED", { reason: "not a text, a blank line and signatures" });
  }
  return { text, signatures: lines.map(parseSignature) };
}

function parseSignature(line: string): NoteSignature {
  const [, name, base64] = signatureLine.exec(line) ?? [];
  const octets = decodeBase64(base64 ?? "");
  if (name === undefined || !namePattern.test(name) || octets === undefined || octets.length <= keyIdOctets) {
    throw new SmkiError("LEDGER_NOTE_MALFORMED", { reason: "a line that is no signature" });
  }
  return { name, keyId: octets.toString("hex", 0, keyIdOctets), signature: octets.subarray(keyIdOctets) };
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The text of a note that came as octets. Other octets in place of a character, as lenient decoders put them, would let
 * a note that was altered pass for one that was not (C2SP signed-note, "Format").
 *
 * @throws SmkiError LEDGER_NOTE_MALFORMED for what is not UTF-8
 */
export function decodeNoteText(octets: Uint8Array): string {
  try {
    return utf8.decode(octets);
  } catch (cause) {
    throw new SmkiError("LEDGER_NOTE_MALFORMED", { reason: "not UTF-8" }, { cause });
  }
}

/** Strict standard base64 (RFC 4648 section 4): one text for given octets. */
export function decodeBase64(text: string): Buffer | undefined {
  const octets = Buffer.from(text, "base64");
  return octets.length > 0 && octets.toString("base64") === text ? octets : undefined;
}

function isNoteText(text: string): boolean {
  return text.endsWith("\n") && text.isWellFormed() && !controlCharacter.test(text);
}
