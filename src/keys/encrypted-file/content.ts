import { SmkiError } from "../../errors/smki-error.ts";
import type { KeyAlgorithm } from "../signer.ts";

/** A private key as it stands in the encrypted part. */
export interface StoredKey {
  readonly label: string;
  readonly algorithm: KeyAlgorithm;
  /** Base64 of DER PKCS #8 (RFC 5958). */
  readonly pkcs8: string;
}

export interface StoredSecret {
  readonly label: string;
  /** Base64. */
  readonly value: string;
}

/** Everything that a store keeps secret. */
export interface StoreContent {
  readonly keys: readonly StoredKey[];
  readonly secrets: readonly StoredSecret[];
}

export const emptyContent: StoreContent = { keys: [], secrets: [] };

export function encodeContent(content: StoreContent): Buffer {
  return Buffer.from(JSON.stringify(content));
}

/** Reads what {@link encodeContent} wrote; the octets were authenticated, so anything else is a damaged store. */
export function decodeContent(octets: Buffer): StoreContent {
  try {
    const value: unknown = JSON.parse(octets.toString("utf8"));
    if (isContent(value)) return value;
  } catch {
    // Falls through: the text of a parsing error could quote a key.
  }
  throw new SmkiError("KEY_STORE_DAMAGED", { part: "content" });
}

/** @throws SmkiError KEY_LABEL_TAKEN */
export function withKey(content: StoreContent, key: StoredKey): StoreContent {
  requireFree(content, key.label);
  return { ...content, keys: [...content.keys, key] };
}

/** @throws SmkiError KEY_LABEL_TAKEN */
export function withSecret(content: StoreContent, secret: StoredSecret): StoreContent {
  requireFree(content, secret.label);
  return { ...content, secrets: [...content.secrets, secret] };
}

/** @throws SmkiError KEY_NOT_FOUND */
export function without(content: StoreContent, label: string): StoreContent {
  if (!hasLabel(content, label)) throw new SmkiError("KEY_NOT_FOUND", { label });
  const isOther = (entry: { readonly label: string }): boolean => entry.label !== label;
  return { keys: content.keys.filter(isOther), secrets: content.secrets.filter(isOther) };
}

function requireFree(content: StoreContent, label: string): void {
  if (hasLabel(content, label)) throw new SmkiError("KEY_LABEL_TAKEN", { label });
}

function hasLabel(content: StoreContent, label: string): boolean {
  return [...content.keys, ...content.secrets].some((entry) => entry.label === label);
}

function isContent(value: unknown): value is StoreContent {
  if (typeof value !== "object" || value === null || !("keys" in value) || !("secrets" in value))
    return false;
  const { keys, secrets } = value;
  return (
    Array.isArray(keys) &&
    Array.isArray(secrets) &&
    keys.every((key) => hasTexts(key, ["label", "algorithm", "pkcs8"])) &&
    secrets.every((secret) => hasTexts(secret, ["label", "value"]))
  );
}

function hasTexts(value: unknown, names: readonly string[]): boolean {
  if (typeof value !== "object" || value === null) return false;
  const fields = value as Record<string, unknown>;
  return names.every((name) => typeof fields[name] === "string");
}
