import type { KeyObject } from "node:crypto";
import { importPublicKey } from "../keys/index.ts";
import type { Certificate } from "../syntax/index.ts";
import { Oids } from "../vocabulary/index.ts";
import { extensionOf } from "./extensions.ts";

/** The issuer's certificate or, where that was never published, its DER SubjectPublicKeyInfo. */
export type LintIssuerSource = Certificate | Uint8Array;

/** An issuer made ready for many certificates: its key is imported once. */
export interface LintIssuer {
  readonly publicKey: KeyObject;
  /** DER Name; undefined when only the key is known. */
  readonly subject: Buffer | undefined;
  /** Key identifier that the issuer's own certificate states; undefined when it has none or only the key is known. */
  readonly keyIdentifier: Buffer | undefined;
}

/**
 * Makes an issuer ready to lint with.
 *
 * @throws SmkiError with a `PUBLIC_KEY_` code when its key cannot be used
 */
export function lintIssuer(source: LintIssuer | LintIssuerSource): LintIssuer {
  if ("publicKey" in source) return source;
  if (source instanceof Uint8Array) {
    return { publicKey: importPublicKey(source), subject: undefined, keyIdentifier: undefined };
  }
  return {
    publicKey: importPublicKey(source.subjectPublicKeyInfo.der),
    subject: source.subject.der,
    keyIdentifier: extensionOf(source, Oids.subjectKeyIdentifier)?.value.subarray(2),
  };
}
