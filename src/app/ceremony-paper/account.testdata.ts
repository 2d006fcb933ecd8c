import { hash } from "node:crypto";
import type { CeremonyAccount, JournaledStep } from "../../authorities/ceremony/account.ts";
import { fingerprint } from "../../authorities/ceremony/fingerprint.ts";

/** Letters of many alphabets, and a name that has to be broken. */
export const names = [
  "Þórunn Ełżbieta Ščepanović-Őry",
  "Αλέξανδρος Οὐκρανίδης",
  `${"Długonazwisko".repeat(9)} Wanda`,
];

const begun = Date.parse("2026-06-01T12:00:00Z");
const digest = (text: string) => hash("sha256", text, "hex");

/** A founding that was interrupted once and resumed, with as many steps as take several pages. */
export function sampleAccount(changes: Partial<CeremonyAccount> = {}): CeremonyAccount {
  const [first = "", second = "", third = ""] = names;
  const who = {
    operator: "operator:root",
    software: `opensmki 0.1.0, SHA-256 of its source ${digest("software")}`,
  };
  const cas = ["root-oca", "issuing-oca", "root-dca", "iki-root", "iki-issuing"];
  const authorities = [
    ...cas,
    ...Array.from({ length: 9 }, (_, index) => `issuing-dca/000${String(index + 1)}`),
  ];
  return {
    id: 7,
    order: { purpose: "found" },
    state: "recorded",
    environment: "test",
    rehearsal: false,
    sample: false,
    begunAt: new Date(begun),
    heldAt: new Date(begun + 3_600_000),
    recordedAt: new Date(begun + 3_601_000),
    terms: digest("terms"),
    checkpointBefore: `smki.example/test\n0\n${Buffer.alloc(32, 1).toString("base64")}\n\n— smki.example/test ${Buffer.alloc(68, 2).toString("base64")}\n`,
    checkpointAfter: `smki.example/test\n12\n${Buffer.alloc(32, 3).toString("base64")}\n\n— smki.example/test ${Buffer.alloc(68, 4).toString("base64")}\n`,
    record: "the signed record\n",
    sittings: [
      {
        ...who,
        number: 1,
        kind: "begin",
        begunAt: new Date(begun),
        witnesses: [first, second],
        sampleWitnesses: false,
      },
      {
        ...who,
        number: 2,
        kind: "resume",
        begunAt: new Date(begun + 1_800_000),
        witnesses: [first, third],
        sampleWitnesses: false,
      },
    ],
    steps: authorities.flatMap((id, index) => stepsOf(id, index)),
    authorities: authorities.map((id) => ({
      id,
      name: "ZA (OU 00)",
      serialNumber: digest(`${id} serial`).slice(0, 32),
      digest: digest(`${id} certificate`),
    })),
    ...changes,
  };
}

function stepsOf(id: string, index: number): JournaledStep[] {
  const sitting = index < 3 ? 1 : 2;
  const at = new Date(begun + index * 60_000 + (sitting - 1) * 1_800_000);
  return [
    {
      name: `make key ${id}`,
      words: `${id} key made in the ceremony store: SHA-256 ${fingerprint(Buffer.from(`${id} key`))}`,
    },
    {
      name: `intend ${id}`,
      words: `${id} is to be certified as ZA (OU 00) under root-oca: serial number ${digest(`${id} serial`).slice(0, 32)}, valid 2026-06-01T12:00:00.000Z to 2076-06-01T11:59:59.000Z`,
    },
    {
      name: `certify ${id}`,
      words: `${id} certified: serial number ${digest(`${id} serial`).slice(0, 32)}, SHA-256 ${fingerprint(Buffer.from(`${id} certificate`))}`,
    },
  ].map((step, offset) => ({ ...step, sitting, at, number: index * 3 + offset + 1 }));
}
