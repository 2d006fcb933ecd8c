import { isSmkiError } from "../../errors/smki-error.ts";
import { parseCrl } from "../crl/index.ts";
import { type PathOptions, validatePath } from "../path/index.ts";
import { type Certificate, parseCertificate } from "../syntax/index.ts";
import { readVectors, type VectorCase } from "./vectors.testdata.ts";

/** One case in the format of x509-limbo, as far as it is used here. */
export interface LimboCase {
  readonly id: string;
  readonly features: readonly string[];
  readonly trusted_certs: readonly string[];
  readonly untrusted_intermediates: readonly string[];
  readonly peer_certificate: string;
  readonly crls: readonly string[];
  readonly validation_time: string | null;
  readonly max_chain_depth: number | null;
  readonly expected_result: "SUCCESS" | "FAILURE";
}

/** Cases without a time of their own are for any present day; the certificates last until 2969. */
const present = "2026-06-01T00:00:00Z";

/** Reads the cases of a file. */
export function readLimbo(file: string): LimboCase[] {
  return (readVectors(`limbo/${file}`) as { testcases: LimboCase[] }).testcases;
}

/** As a case of its family: we are to accept what is a SUCCESS and to refuse what is a FAILURE. */
export function asVectorCase(limbo: LimboCase): VectorCase {
  return {
    id: limbo.id,
    passes: () => (refusalsOf(limbo).length === 0) === (limbo.expected_result === "SUCCESS"),
  };
}

/**
 * Validates a case by RFC 5280 alone, since none of them is of the SMKI's shape.
 *
 * @returns for what the peer's certificate is refused: the reason of each check that fails, or the code of the error with
 *   which it cannot be read; nothing where the path holds
 */
export function refusalsOf(limbo: LimboCase): string[] {
  const { max_chain_depth: depth } = limbo;
  try {
    const options: PathOptions = {
      roots: limbo.trusted_certs.map(certificateOf),
      pool: limbo.untrusted_intermediates.map(certificateOf),
      lists: limbo.crls.map((pem) => parseCrl(octetsOf(pem))),
      at: new Date(limbo.validation_time ?? present),
      revocation: limbo.features.includes("has-crl") ? "required" : "ignored",
      shape: "any",
      ...(depth === null ? {} : { maximumAuthorities: depth }),
    };
    const { checks } = validatePath(certificateOf(limbo.peer_certificate), options);
    return checks.flatMap(({ holds, reason }) => (holds || reason === undefined ? [] : [reason]));
  } catch (error) {
    if (!isSmkiError(error)) throw error;
    return [error.code];
  }
}

const certificateOf = (pem: string): Certificate => parseCertificate(octetsOf(pem));

const octetsOf = (pem: string): Buffer => Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ""), "base64");
