import type { CertificateList } from "../crl/index.ts";
import type { Oid } from "../der/index.ts";
import type { Certificate } from "../syntax/index.ts";

/** From what a path may be built. */
export interface BuildOptions {
  /** The roots that the caller trusts. Only a self-signed certificate is one; nothing else ends a path. */
  readonly roots: readonly Certificate[];
  /** Certificates that the path may pass through, in any order; unrelated ones do no harm. */
  readonly pool?: readonly Certificate[];
  /**
   * How many signatures may be verified to find the paths, and as many again to check them, lists included; 1,000
   * unless given, about a tenth of a second of work. A pool made to be costly ends there, and is told as `budget-exceeded`.
   */
  readonly signatureBudget?: number;
  /** Most authorities between the certificate and its root, self-issued ones not counted; 8 unless given. */
  readonly maximumAuthorities?: number;
}

/** What a path is held against. */
export interface PathOptions extends BuildOptions {
  /** The moment for which to judge; parts of a second are dropped, since certificates count whole seconds. */
  readonly at: Date;
  /** CRLs and ARLs, in any order. */
  readonly lists?: readonly CertificateList[];
  /**
   * What it means when no list says whether a certificate is revoked: `required` (unless given), the path does not hold;
   * `told`, it holds, and the check bears the reason; `ignored`, no list is looked at. A certificate that is known to
   * be revoked makes the path fail in either of the first two.
   */
  readonly revocation?: "required" | "told" | "ignored";
  /**
   * `smki` (unless given): the path is one of the SMKI's three hierarchies, with their keys and policies. `any`: only what
   * RFC 5280 asks of every path, with the SMKI's two algorithms.
   */
  readonly shape?: "smki" | "any";
  /** The policies that certificates may be issued under; without it, any single one passes (shape `smki` only). */
  readonly policies?: readonly Oid[];
}
