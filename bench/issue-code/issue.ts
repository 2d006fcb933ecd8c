import { sign } from "node:crypto";
import { type ComparedCertificate, compare, requireSignable } from "../../src/authorities/issuing/compare.ts";
import { type IssuingTerms, intend } from "../../src/authorities/issuing/intend.ts";
import { assembleCertificate } from "../../src/certificates/index.ts";
import { checkRequests } from "../../src/issuance/work-chunk.ts";
import type { MemoryIssuer } from "./issuing-dca.ts";
import { manufacturer } from "./issuing-terms.ts";

/**
 * Issues certificates for CSRs with the service's own steps and nothing around them: check (parse, read, verify),
 * intend (build, lint), lint again before signing, sign, compare (assemble, parse, same octets, verify, read, lint again). No database, no ledger.
 */
export function issue(
  { issuer, privateKey }: MemoryIssuer,
  requests: readonly Buffer[],
  terms: IssuingTerms,
  now: Date,
): ComparedCertificate[] {
  const { accepted } = checkRequests({ kind: "device", requests }, manufacturer);
  const intended = accepted.map((subject) => intend(issuer, subject, terms, now));
  const intent = {
    ...{ id: 1, chunkId: 1, authorityId: issuer.authority.id, recordedAt: now, recordedFromLeaf: 0 },
    positions: intended.map(({ position }) => position),
    toBeSigned: intended.map(({ toBeSigned }) => toBeSigned),
  };
  requireSignable("device", issuer, intent, terms);
  const signed = intent.toBeSigned.map((toBeSigned) =>
    assembleCertificate(toBeSigned, sign("sha256", toBeSigned, privateKey)),
  );
  return compare("device", issuer, intent, signed, terms);
}
