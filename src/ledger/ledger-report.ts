import { printable } from "../certificates/index.ts";
import type { LedgerFinding } from "./verification/finding.ts";
import type { LedgerReport } from "./verify-ledger.ts";

const number = new Intl.NumberFormat("en-GB");

/** The report as text for a person, a line for each fact and each finding. Ends in a newline. */
export function formatLedgerReport(report: LedgerReport): string {
  const { holds, size, signedSize, checkpoints, openEntries, certificates, findings, findingCount } = report;
  const lines = [
    holds ? "The ledger holds." : `The ledger does NOT hold: ${count(findingCount, "finding")}.`,
    `  ${count(size, "leaf", "leaves")} in the tree, of which ${number.format(signedSize)} under a signed checkpoint`,
    `  ${count(checkpoints, "checkpoint")} confirmed`,
  ];
  if (size > signedSize)
    lines.push(`  ${count(size - signedSize, "leaf", "leaves")} not yet under a checkpoint`);
  if (openEntries > 0) lines.push(`  ${count(openEntries, "act")} recorded and not yet sequenced`);
  if (certificates !== undefined) {
    lines.push(
      `  ${count(certificates.recorded, "certificate")} recorded, ${number.format(certificates.held)} held`,
    );
  }
  lines.push(...findings.map(formatFinding));
  const unnamed = findingCount - findings.length;
  if (unnamed > 0) lines.push(`  and ${number.format(unnamed)} more`);
  return `${lines.join("\n")}\n`;
}

function formatFinding({ kind, what, leaf, checkpoint, act }: LedgerFinding): string {
  const where = [
    ...(leaf === undefined ? [] : [`leaf ${String(leaf)}${act === undefined ? "" : ` (${act})`}`]),
    ...(checkpoint === undefined ? [] : [`checkpoint ${String(checkpoint)}`]),
  ];
  // Whoever altered a ledger chose what stands in it.
  return `  ${printable(`${kind}${where.length === 0 ? "" : ` at ${where.join(", ")}`}: ${what}`)}`;
}

function count(value: number, one: string, many = `${one}s`): string {
  return `${number.format(value)} ${value === 1 ? one : many}`;
}
