import { SmkiError } from "../errors/smki-error.ts";
import type { Act } from "./act.ts";

/** The kind of the act that records one issued certificate. */
const certificateIssued = "certificate.issued";

/** What a `certificate.issued` act concerns. */
export interface IssuedCertificate {
  /** The serial number's octets in lower-case hex, as many digits as the certificate has. */
  readonly serialNumber: string;
  /** SHA-256 of the certificate's DER, in lower-case hex. */
  readonly certificate: string;
  /** The authority that issued it. */
  readonly authority: string;
  /** The chunk that it was issued in. */
  readonly chunk: string;
}

const hex = /^(?:[0-9a-f]{2})+$/;
const sha256Hex = /^[0-9a-f]{64}$/;

/**
 * The act of issuing one certificate. Verification compares these acts with the certificates held.
 *
 * @param at - when it was issued
 * @param by - the principal on whose request
 */
export function certificateIssuedAct(at: Date, by: string, certificate: IssuedCertificate): Act {
  return { kind: certificateIssued, at, by, subject: { ...certificate } };
}

/**
 * Reads the subject of a `certificate.issued` act.
 *
 * @returns undefined when the act is of another kind
 * @throws SmkiError LEDGER_ENTRY_MALFORMED when the subject is not one that `certificateIssuedAct` makes
 */
export function readIssuedCertificate(act: Act): IssuedCertificate | undefined {
  if (act.kind !== certificateIssued) return undefined;
  const { serialNumber, certificate, authority, chunk } = act.subject;
  const wellFormed =
    typeof serialNumber === "string" &&
    hex.test(serialNumber) &&
    typeof certificate === "string" &&
    sha256Hex.test(certificate) &&
    typeof authority === "string" &&
    typeof chunk === "string";
  if (!wellFormed)
    throw new SmkiError("LEDGER_ENTRY_MALFORMED", { reason: "not the subject of an issued certificate" });
  return { serialNumber, certificate, authority, chunk };
}
