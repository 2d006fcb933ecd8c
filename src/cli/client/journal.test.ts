import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { batchesOf, csrIdentifier, split, unsentCsrs } from "./batches.ts";
import { Journal, type JournalEntry, journalFormat, type PlannedCsr } from "./journal.ts";
import { serialNumberIn } from "./take-results.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "smki-journal-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const csrs: readonly PlannedCsr[] = [
  ["a.csr", "aa"],
  ["b.csr", "bb"],
];
const at = "2026-11-23T12:00:00.000Z";
const entries: readonly JournalEntry[] = [
  { step: "opened", format: journalFormat, url: "https://smki.example/" },
  { step: "planned", batch: 1, reference: "ref-1", csrs },
  { step: "sending", batch: 1, at },
  { step: "submitted", batch: 1, batchId: "9", at },
];

describe("the journal of the client", () => {
  test("cut off anywhere, as a crash leaves it, has its whole lines and goes on behind them", () => {
    const file = join(folder, "journal.jsonl");
    const whole = `${entries.map((entry) => JSON.stringify(entry)).join("\n")}\n`;
    fc.assert(
      fc.property(fc.nat(whole.length), (length) => {
        writeFileSync(file, whole.slice(0, length));
        const journal = new Journal(file);
        const lines = whole.slice(0, length).split("\n").length - 1;
        expect(journal.entries).toEqual(entries.slice(0, lines));
        const next = entries[lines] ?? entries[3];
        if (next !== undefined) journal.append(next);
        journal.close();
        const again = new Journal(file);
        expect(again.entries).toEqual(journal.entries);
        again.close();
      }),
    );
  });

  test("that is none, or is changed, is refused and stays as it is", () => {
    const file = join(folder, "journal.jsonl");
    for (const text of [
      "hello\n",
      '{"step":"opened","format":"another 9"}\n',
      '{"step":"sending","batch":1}\n',
    ]) {
      writeFileSync(file, text);
      expect(() => new Journal(file)).toThrow("not one that this release can read");
      expect(readFileSync(file, "utf8")).toBe(text);
    }
    writeFileSync(file, `${JSON.stringify(entries[0])}\n`);
    appendFileSync(file, `${JSON.stringify(entries[3])}\n`);
    const journal = new Journal(file);
    expect(() => batchesOf(journal.entries)).toThrow("not one that this release can read");
    journal.close();
  });
});

describe("what the journal says of a batch", () => {
  const states = (...more: JournalEntry[]) => batchesOf([...entries, ...more]).map(({ state }) => state);

  test("changes with each entry", () => {
    expect(batchesOf(entries.slice(0, 2)).map(({ state }) => state)).toEqual(["planned"]);
    expect(batchesOf(entries.slice(0, 3)).map(({ state }) => state)).toEqual(["unanswered"]);
    expect(states()).toEqual(["submitted"]);
    expect(states({ step: "polled", batch: 1, status: "PAUSED", at })).toEqual(["submitted"]);
    expect(states({ step: "polled", batch: 1, status: "TAMPERED", at })).toEqual(["ended"]);
    expect(states({ step: "fetched", batch: 1, at })).toEqual(["fetched"]);
  });

  test("decides what is sent: what is in no batch, was refused whole, or was changed since", () => {
    expect(unsentCsrs(csrs, batchesOf(entries))).toEqual([]);
    const refused: JournalEntry = { step: "refused", batch: 1, answer: "FM:AA1" };
    expect(unsentCsrs(csrs, batchesOf([...entries, refused]))).toEqual(csrs);
    const corrected: PlannedCsr = ["b.csr", "cc"];
    const added: PlannedCsr = ["c.csr", "dd"];
    expect(unsentCsrs([...csrs, corrected, added], batchesOf(entries))).toEqual([corrected, added]);
  });
});

test("batches have as many CSRs as they may, in order, each under an xs:ID", () => {
  expect(split([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
  expect(split([], 2)).toEqual([]);
  expect(csrIdentifier(0)).toBe("csr-1");
});

test("the serial number in a refusal is found in whatever form it is written", () => {
  const serial = "0A00000000000000000000000000000F";
  for (const text of [
    `issued before (serialNumber: ${serial.toLowerCase()})`,
    `serial ${serial.slice(1)}.`,
    `${serial.replace(/..(?=.)/g, "$&:")} is it`,
  ])
    expect(serialNumberIn(text), text).toBe(serial);
  for (const text of ["", "CR:9999", `${serial}00`, serial.slice(4)])
    expect(serialNumberIn(text)).toBeUndefined();
});
