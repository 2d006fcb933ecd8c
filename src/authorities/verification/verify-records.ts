import type { Tx } from "../../database/transaction.ts";
import { InventoryCheck } from "../../devices/verify-inventory.ts";
import { allActs } from "../../ledger/all-acts.ts";
import type { LedgerFinding } from "../../ledger/verification/finding.ts";
import { type Facts, factsOf } from "./facts-of-acts.ts";
import { authoritiesWithOtherCertificates, heldFacts } from "./facts-of-rows.ts";

/**
 * Compares what the database states with the acts that made it so, both ways: revocations, marks, the states of
 * the CAs, Parties with their approvals, credentials, every list that was published, the inventory of Devices and the limits of single ones. A revocation that was deleted by hand is found here,
 * and so is a credential that nobody granted. Of the certificates themselves the ledger's own verification tells.
 *
 * @param tx - of a snapshot, so that acts and rows are seen at one moment
 * @returns what does not hold; empty when all does
 */
export async function verifyRecords(tx: Tx): Promise<LedgerFinding[]> {
  const findings: LedgerFinding[] = [];
  const recorded: Facts = new Map();
  const inventory = new InventoryCheck(tx);
  // The last act of each thing counts: a CA goes from one state to the next.
  for await (const act of allActs(tx, "certificate.issued")) {
    for (const [about, fact] of factsOf(act)) recorded.set(about, fact);
    await inventory.take(act);
  }
  for await (const { about, value, mayBeUntold } of heldFacts(tx)) {
    const fact = recorded.get(about);
    recorded.delete(about);
    if (fact?.value === value || (fact === undefined && mayBeUntold === true)) continue;
    findings.push(
      fact === undefined
        ? { kind: "record-without-leaf", what: `${about} is held as ${value}, and no act says so` }
        : {
            kind: "record-altered",
            what: `${about} is held as ${value}, and the act says ${fact.value}`,
            ...(fact.leaf === undefined ? {} : { leaf: fact.leaf }),
          },
    );
  }
  for (const [about, { value, leaf }] of recorded)
    findings.push({
      kind: "record-missing",
      what: `${about} is not held; the act says ${value}`,
      ...(leaf === undefined ? {} : { leaf }),
    });
  for (const id of await authoritiesWithOtherCertificates(tx))
    findings.push({
      kind: "record-altered",
      what: `CA ${id} has another certificate than was issued to it`,
    });
  return [...findings, ...(await inventory.findings())];
}
