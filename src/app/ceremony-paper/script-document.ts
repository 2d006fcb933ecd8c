import { type CeremonyOrder, purposeTitle } from "../../authorities/ceremony/ceremony-order.ts";
import { grouped } from "../../authorities/ceremony/fingerprint.ts";
import type { HierarchyTerms } from "../../authorities/ceremony/hierarchy.ts";
import { type CeremonyPlan, planCeremony } from "../../authorities/ceremony/plan.ts";
import type { Rule } from "../../rulebook/index.ts";
import { type Block, digitsOf, type PaperDocument } from "./document.ts";
import { marksOf, moment } from "./record-document.ts";

/** What a script is made of: the order, the settings, the rulebook and the software; no key, and no estate. */
export interface ScriptInput {
  readonly order: CeremonyOrder;
  readonly terms: HierarchyTerms;
  readonly witnesses: Rule<number>;
  readonly rehearsal: boolean;
  /** Name and version. */
  readonly software: string;
  /** SHA-256 of its source, hexadecimal. */
  readonly softwareHash: string;
  /** Where the keys live. */
  readonly keyStores: string;
  readonly at: Date;
}

/** The script of a ceremony: what will be done, for the people in the room to follow, tick and initial. */
export function scriptDocument(input: ScriptInput): PaperDocument {
  const { order, terms, rehearsal } = input;
  const title = purposeTitle(order.purpose);
  const plan = planCeremony(order, terms);
  return {
    title: `Script of a ceremony: ${title}`,
    running: `Script: ${title}, ${terms.environment}`,
    foot: `Software: source SHA-256 ${grouped(input.softwareHash)}`,
    marks: marksOf({ rehearsal, sample: false }),
    made: input.at,
    blocks: [
      { kind: "heading", text: "Before it begins" },
      { kind: "blanks", labels: ["Place", "Date and time (UTC)", "At the machine", ...witnessLabels(input)] },
      { kind: "paragraph", text: presence(input) },
      {
        kind: "facts",
        rows: [
          { label: "Environment", value: { text: terms.environment } },
          {
            label: "Software",
            value: { text: input.software, digits: digitsOf(input.softwareHash, "source ") },
          },
          // Those of a rehearsal are thrown away with it.
          ...(rehearsal ? [] : [{ label: "Key stores", value: { text: input.keyStores } }]),
          { label: "Script made", value: { text: moment(input.at) } },
        ],
      },
      ...authoritiesBlock(plan),
      { kind: "heading", text: "Steps" },
      { kind: "facts", rows: comparisons },
      {
        kind: "checklist",
        title: "Before the first key",
        items: numbered(rehearsal ? beforehand : [...beforehand, ofTheStores], "A"),
      },
      ...checklists(plan),
      { kind: "checklist", title: "When it has ended", items: numbered(afterwards, "Z") },
      { kind: "blanks", labels: ["Otherwise than above", ""] },
      { kind: "heading", text: "If it stops" },
      {
        kind: "paragraph",
        text: "Write down the time and the last step that was told. Nothing that is made is in use before all of it is written at once, at the end; and what was done stands in the journal. Go on with `smki ceremony resume`, or give it up with `smki ceremony abandon`, which destroys every key that it made. Both need witnesses, who may be others, and both are told of in the record. Once all is written there is nothing to abandon: `resume` then has the record signed.",
      },
    ],
  };
}

function presence({ witnesses: { value, clause, source } }: ScriptInput): string {
  return `At least ${String(value)} named persons watch from the first step to the last (${clause}; ${source}). Whoever works at the machine is named beside them.`;
}

function witnessLabels({ witnesses: { value } }: ScriptInput): string[] {
  return Array.from({ length: value }, (_, index) => `Witness ${String(index + 1)}`);
}

/** What to compare when. */
const comparisons = [
  {
    label: "A key is made",
    value: {
      text: "Read the SHA-256 of its public key aloud from the screen, and note its first and last groups. With `--step-by-step` the machine waits before each step.",
    },
  },
  {
    label: "What is to be signed",
    value: { text: "Compare name, issuer and lifetime with the table above, before the signature." },
  },
  {
    label: "A certificate or list is signed",
    value: {
      text: "Read its SHA-256 aloud, and note its first and last groups. The record must show the same.",
    },
  },
];

const ofTheStores = "The key stores above are those that lie before us.";

const beforehand = [
  "Everybody named above is present, and has shown who they are.",
  "The SHA-256 of the software on the screen is the one above, and the one that its publisher has stated.",
  "The names, policies and lifetimes above are those that were approved.",
  "The newest checkpoint of the ledger is written down: its size and root.",
];

const afterwards = [
  "The record is printed, and each fingerprint in it is read aloud from the screen and compared.",
  "The SHA-256 of the signed record (.txt) on the page is the one of the file: `sha256sum` says it.",
  "The checkpoint after is written down and given to somebody outside.",
  "Witnesses and operator sign; each takes a copy of the signed record away.",
  "The ceremony's key store is closed and locked away.",
];

function numbered(texts: readonly string[], letter: string) {
  return texts.map((text, index) => ({ number: `${letter}${String(index + 1)}`, text }));
}

function authoritiesBlock({ authorities }: CeremonyPlan): Block[] {
  if (authorities.length === 0) return [];
  return [
    { kind: "heading", text: "What will be made" },
    {
      kind: "table",
      headings: ["CA", "Name", "Under", "Key", "Store", "Years", "Policy"],
      widths: [0.18, 0.14, 0.13, 0.17, 0.13, 0.08, 0.17],
      rows: authorities.map(({ id, name, issuer, algorithm, store, years, policy }) => [
        { text: id },
        { text: name },
        { text: issuer === id ? "itself" : issuer },
        { text: algorithm },
        { text: store },
        { text: String(years) },
        { text: policy },
      ]),
    },
  ];
}

function checklists({ parts }: CeremonyPlan): Block[] {
  let number = 0;
  return parts.map(({ title, steps }) => ({
    kind: "checklist",
    title,
    items: steps.map(({ words }) => {
      number += 1;
      return { number: String(number), text: words };
    }),
  }));
}

/** The script in short, for a terminal: what will be made and done, each kind of thing on one line. */
export function shortScript({ order, terms, witnesses, software, softwareHash }: ScriptInput): string[] {
  const { authorities, parts } = planCeremony(order, terms);
  const total = parts.reduce((sum, { steps }) => sum + steps.length, 0);
  return [
    `Purpose: ${purposeTitle(order.purpose)}, in the ${terms.environment} environment`,
    `Software: ${software}, SHA-256 of its source ${grouped(softwareHash)}`,
    `Present: at least ${String(witnesses.value)} witnesses (${witnesses.clause})`,
    ...(authorities.length === 0 ? [] : [`CAs to be made: ${String(authorities.length)}`]),
    `Steps: ${String(total)}`,
    ...parts.map(
      ({ title, steps }) =>
        `  ${title}: ${steps.length === 1 ? (steps[0]?.words ?? "") : `${String(steps.length)} steps`}`,
    ),
  ];
}
