import { existsSync, readFileSync } from "node:fs";
import { certificateDigests } from "../../authorities/certificate-rows.ts";
import { verifyRecords } from "../../authorities/verification/verify-records.ts";
import { type LedgerReport, verifyLedger, withFindings } from "../../ledger/verify-ledger.ts";
import type { Estate } from "./estate.ts";

/**
 * Verifies the estate's ledger from the bytes of its entries, both ways against the certificates and against what
 * else the database states that the ledger tells of, and against the checkpoint in the signer's own store.
 *
 * @param outside - further signed checkpoints, kept elsewhere
 */
export async function verifyEstate(
  { database, paths }: Estate,
  outside: readonly string[] = [],
  onProgress?: (leaves: number, size: number) => void,
): Promise<LedgerReport> {
  const report = await verifyLedger(database, {
    verifierKey: readFileSync(paths.ledgerVerifierKey, "utf8").trim(),
    formerLedgers: existsSync(paths.formerLedgerKeys) ? readFileSync(paths.formerLedgerKeys, "utf8") : "",
    certificates: certificateDigests,
    knownCheckpoints: [readFileSync(paths.lastCheckpoint, "utf8"), ...outside],
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  return withFindings(report, await database.read(verifyRecords, { snapshot: true }));
}
