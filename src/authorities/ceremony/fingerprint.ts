import { hash } from "node:crypto";

/** SHA-256 in the form that people read to each other. */
export function fingerprint(octets: Uint8Array): string {
  return grouped(hash("sha256", octets, "hex"));
}

/** A digest in groups of eight digits. */
export function grouped(digest: string): string {
  return digest.replace(/(.{8})(?=.)/g, "$1 ");
}
