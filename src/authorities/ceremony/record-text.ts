import type { CeremonyAccount, HeldSitting, JournaledStep } from "./account.ts";
import { purposeTitle } from "./ceremony-order.ts";
import { grouped } from "./fingerprint.ts";

/**
 * The text of a ceremony's record, as it is signed: one line a statement, in the order in which it happened.
 *
 * @returns every line ends
 */
export function recordText(account: CeremonyAccount): string {
  const { sittings, steps, authorities } = account;
  const lines = [
    account.rehearsal ? "REHEARSAL: OpenSMKI ceremony record" : "OpenSMKI ceremony record",
    `ceremony: ${String(account.id)}`,
    `environment: ${account.environment}`,
    `purpose: ${purposeTitle(account.order.purpose)}`,
    `outcome: ${outcome(account)}`,
    `begun: ${account.begunAt.toISOString()}`,
    ...(keptFromTheBeginning(account)
      ? []
      : ["held by an earlier release, which kept no journal: its steps are not known"]),
    ...ledgerLines("before", account.checkpointBefore),
    ...sittings.flatMap((sitting) => [
      ...sittingLines(sitting),
      ...steps.filter((step) => step.sitting === sitting.number).map(stepLine),
    ]),
    ...authorities.map(
      ({ id, name, serialNumber, digest }) =>
        `CA: ${id}, ${name}, serial number ${serialNumber}, SHA-256 ${grouped(digest)}`,
    ),
    ...ledgerLines("after", account.checkpointAfter),
  ];
  return `${lines.join("\n")}\n`;
}

/** How a ceremony ended. */
export function outcome({ state, heldAt }: Pick<CeremonyAccount, "state" | "heldAt">): string {
  if (state === "abandoned") return "abandoned: nothing of it may be used";
  return heldAt === undefined ? "unfinished" : `held on ${heldAt.toISOString()}`;
}

/** False for a ceremony of an earlier release, of which the journal knows nothing. */
export function keptFromTheBeginning({ sittings }: Pick<CeremonyAccount, "sittings">): boolean {
  return sittings[0]?.kind === "begin";
}

/** What is said where a ceremony was interrupted. */
export const interruptions = {
  resume: "interrupted; resumed",
  abandon: "interrupted; abandoned",
} as const;

function sittingLines(sitting: HeldSitting) {
  const { kind, begunAt, operator, software, keyStores, witnesses, sampleWitnesses } = sitting;
  return [
    ...(kind === "begin" ? [] : [`${interruptions[kind]}: ${begunAt.toISOString()}`]),
    `software: ${software}`,
    ...(keyStores === undefined ? [] : [`key stores: ${keyStores}`]),
    `operator: ${operator}`,
    ...witnesses.map((name) => `witness: ${name}${sampleWitnesses ? " (sample, no real person)" : ""}`),
  ];
}

function stepLine({ number, at, words }: JournaledStep): string {
  return `step ${String(number)}, ${at.toISOString()}: ${words}`;
}

/** Size and root of a checkpoint on one line, then its whole note. */
function ledgerLines(when: "before" | "after", checkpoint: string | undefined): string[] {
  if (checkpoint === undefined) return [];
  const [origin = "", size = "0", root = ""] = checkpoint.split("\n");
  return [
    `ledger ${when}: ${origin}, ${size} entries, root ${root}`,
    ...checkpoint
      .trimEnd()
      .split("\n")
      .map((line) => `| ${line}`.trimEnd()),
  ];
}
