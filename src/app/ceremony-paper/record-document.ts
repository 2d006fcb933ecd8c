import { hash } from "node:crypto";
import type { CeremonyAccount, HeldSitting } from "../../authorities/ceremony/account.ts";
import { purposeTitle } from "../../authorities/ceremony/ceremony-order.ts";
import { grouped } from "../../authorities/ceremony/fingerprint.ts";
import { interruptions, keptFromTheBeginning, outcome } from "../../authorities/ceremony/record-text.ts";
import { nameAndRole } from "../../authorities/ceremony/sitting.ts";
import { type Block, type Cell, cellOf, digitsOf, type PaperDocument, type Signatory } from "./document.ts";

/**
 * The record of a ceremony on paper, for its witnesses to sign.
 *
 * @param verifierKey - what verifies the signed record, if it is at hand: the signatures by hand then vouch for it too
 */
export function recordDocument(account: CeremonyAccount, verifierKey?: string): PaperDocument {
  const { id, order, rehearsal, sittings } = account;
  const title = purposeTitle(order.purpose);
  return {
    title: `Record of ceremony ${String(id)}: ${title}`,
    running: `Ceremony ${String(id)}: ${title}, ${account.environment}`,
    foot:
      account.record === undefined
        ? ""
        : `Signed record: SHA-256 ${grouped(hash("sha256", account.record, "hex"))}`,
    marks: marksOf({
      rehearsal,
      sample: account.sample || sittings.some((sitting) => sitting.sampleWitnesses),
    }),
    made: account.recordedAt ?? account.begunAt,
    blocks: [
      { kind: "heading", text: "The ceremony" },
      { kind: "facts", rows: ceremonyFacts(account, verifierKey) },
      ...(keptFromTheBeginning(account) ? [] : earlierRelease(account)),
      ...sittings.flatMap((sitting) => sittingBlocks(account, sitting)),
      ...authorityBlocks(account),
      ...ledgerBlocks("before", account.checkpointBefore),
      ...ledgerBlocks("after", account.checkpointAfter),
      { kind: "heading", text: "By hand" },
      { kind: "blanks", labels: ["Place", "Otherwise than in the script", ""] },
      { kind: "heading", text: "Signatures" },
      {
        kind: "paragraph",
        text: "I was in the room. I have compared the digest of the signed record with the one that the machine showed, and what stands here is what was done.",
      },
      { kind: "signatures", persons: signatories(sittings) },
    ],
  };
}

/** What stands in the band of every page. */
export function marksOf({ rehearsal, sample }: { readonly rehearsal: boolean; readonly sample: boolean }) {
  return [
    ...(rehearsal ? ["REHEARSAL: nothing made here is in use"] : []),
    ...(sample ? ["SAMPLE WITNESSES: no real persons"] : []),
  ];
}

/** A moment as the page has it, UTC. */
export const moment = (at: Date): string =>
  at
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, " UTC");

function ceremonyFacts(account: CeremonyAccount, verifierKey: string | undefined) {
  const { id, environment, order, begunAt, record } = account;
  const asked = Object.entries(order).flatMap(([name, value]) =>
    name === "purpose" ? [] : [`${askedFor[name] ?? name}: ${String(value)}`],
  );
  return [
    { label: "Number", value: { text: String(id) } },
    { label: "Purpose", value: { text: [purposeTitle(order.purpose), ...asked].join("; ") } },
    { label: "Environment", value: { text: environment } },
    { label: "Begun", value: { text: moment(begunAt) } },
    {
      label: "Outcome",
      value: { text: outcome(account).replace(/\d{4}-.*Z/, (at) => moment(new Date(at))) },
    },
    {
      label: "Signed record (.txt)",
      value:
        record === undefined
          ? { text: "not signed yet" }
          : { text: "", digits: digitsOf(hash("sha256", record, "hex")) },
    },
    ...(verifierKey === undefined
      ? []
      : [{ label: "Verifier key", value: { text: "", digits: verifierKey } }]),
  ];
}

const askedFor: Readonly<Record<string, string>> = {
  count: "Issuing DCAs to make",
  first: "number of the first",
  authorityId: "CA",
  reason: "ground",
  name: "name of the new CA",
  replacement: "new CA",
};

/** A ceremony that an earlier release held: what is known of it stands in its signed text only. */
function earlierRelease({ record }: CeremonyAccount): Block[] {
  return [
    {
      kind: "paragraph",
      text: "An earlier release held this ceremony, which kept no journal of its steps.",
    },
    ...(record === undefined ? [] : [{ kind: "verbatim", text: record } as const]),
  ];
}

function sittingBlocks({ steps, sittings }: CeremonyAccount, sitting: HeldSitting): Block[] {
  const { number, kind, begunAt, operator, witnesses, sampleWitnesses, software, keyStores } = sitting;
  const interrupted = kind === "begin" ? "" : ` (${interruptions[kind]} ${moment(begunAt)})`;
  const done = steps.filter((step) => step.sitting === number);
  return [
    {
      kind: "heading",
      text: sittings.length === 1 ? "In the room" : `Sitting ${String(number)}${interrupted}`,
    },
    {
      kind: "facts",
      rows: [
        { label: "From", value: { text: moment(begunAt) } },
        { label: "At the machine", value: { text: operator } },
        ...witnesses.map((name) => ({
          label: "Witness",
          value: { text: sampleWitnesses ? `${name} (sample, no real person)` : name },
        })),
        { label: "Software", value: softwareCell(software) },
        ...(keyStores === undefined ? [] : [{ label: "Key stores", value: { text: keyStores } }]),
      ],
    },
    ...(done.length === 0
      ? []
      : [
          {
            kind: "table",
            headings: ["Step", "Time (UTC)", "What was done", "By"],
            widths: [0.07, 0.13, 0.62, 0.18],
            rows: done.map((step) => [
              { text: String(step.number) },
              { text: step.at.toISOString().slice(0, 19).replace("T", "\n") },
              cellOf(step.words),
              { text: operator },
            ]),
          } as const,
        ]),
  ];
}

/** The software's own hash, in groups. */
function softwareCell(software: string): Cell {
  const [, name = software, digest] = /^(.*), SHA-256 of its source ([0-9a-f]{64})$/.exec(software) ?? [];
  return digest === undefined ? { text: software } : { text: name, digits: digitsOf(digest, "source ") };
}

function authorityBlocks({ authorities }: CeremonyAccount): Block[] {
  if (authorities.length === 0) return [];
  return [
    { kind: "heading", text: "Certification authorities made" },
    {
      kind: "table",
      headings: ["CA", "Name", "Serial number and SHA-256 of its certificate"],
      widths: [0.2, 0.15, 0.65],
      rows: authorities.map(({ id, name, serialNumber, digest }) => [
        { text: id },
        { text: name },
        { text: `Serial number ${grouped(serialNumber)}`, digits: digitsOf(digest) },
      ]),
    },
  ];
}

function ledgerBlocks(when: "before" | "after", checkpoint: string | undefined): Block[] {
  if (checkpoint === undefined) return [];
  return [
    { kind: "heading", text: `The ledger ${when}` },
    { kind: "verbatim", text: checkpoint.trimEnd() },
  ];
}

/** Each person once, however often they sat. */
function signatories(sittings: readonly HeldSitting[]): Signatory[] {
  const witnesses = new Set(sittings.flatMap((sitting) => sitting.witnesses));
  const operators = new Set(sittings.map(({ operator }) => operator));
  return [
    ...[...witnesses].map((witness) => {
      const { name, role } = nameAndRole(witness);
      return { role: role === "" ? "Witness" : `Witness, ${role}`, name };
    }),
    // The machine knows a user, and not who it is.
    ...[...operators].map((user) => ({ role: `At the machine, as ${user}`, name: "" })),
  ];
}
