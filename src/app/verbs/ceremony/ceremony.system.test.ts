import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Sitting } from "../../../authorities/ceremony/sitting.ts";
import { openNote, parseVerifierKey } from "../../../ledger/note.ts";
import { loadSettings } from "../../../settings/load.ts";
import { textOfPages } from "../../ceremony-paper/pdf-text.testkit.ts";
import { holdCeremonyIn } from "../../estate/ceremony-room.ts";
import { openEstate } from "../../estate/estate.ts";
import { smki, startSmki, temporaryFolder, until } from "../../processes/testkit/smki.ts";
import { atTerminal, hasPython } from "../../processes/testkit/terminal.ts";

const witnesses = ["--witness", "Þórunn Ełżbieta Ščepanović", "--witness", "Walter Witness"];

async function run(...words: string[]) {
  const { status, stdout, stderr } = await smki(["ceremony", ...words]);
  return { status, stdout, stderr };
}

/** Runs a ceremony's command and gives its answer. */
async function answer(...words: string[]) {
  const { status, stdout, stderr } = await run(...words, "--json");
  expect(stderr, stdout).not.toContain("smki:");
  expect(status).toBe(0);
  return JSON.parse(stdout) as {
    readonly ceremony?: number;
    readonly record: string;
    readonly html: string;
    readonly pdf: string;
    readonly ceremonies?: readonly { readonly state: string; readonly missing: number }[];
  };
}

describe("the script of a ceremony", () => {
  test("is printed from an empty folder, which stays empty, and names what will be made", async () => {
    const folder = temporaryFolder();
    const nothing = join(folder, "data");
    const [html, pdf] = [join(folder, "script.html"), join(folder, "script.pdf")];
    const { stdout, status } = await run("script", "stock", "--count", "2", "--data", nothing);
    expect(status).toBe(0);
    expect(stdout).toContain("issuing-dca/0002");
    expect(stdout.match(/^\[ \]/gm)).toHaveLength(5 + 7 + 5);
    await run("script", "--data", nothing, "--html", html, "--pdf", pdf);
    expect(readFileSync(html, "utf8")).toContain("Stock of Issuing DCAs");
    expect(textOfPages(readFileSync(pdf)).join("")).toContain(
      "Script of a ceremony: found the key hierarchies",
    );
    expect(existsSync(nothing)).toBe(false);
    const nowhere = await run("script", "--data", nothing, "--pdf", join(folder, "nowhere", "script.pdf"));
    expect(nowhere.stderr).toContain("[CEREMONY_FILE_UNWRITABLE]");
  });
});

/** Of the estate that is founded here. */
const data = join(temporaryFolder(), "data");

describe("a founding that stopped half-way", () => {
  const at = ["--data", data];

  beforeAll(async () => {
    const settings = loadSettings({
      env: { SMKI_ENVIRONMENT: "test", SMKI_ISSUING_DCA_STOCK_SIZE: "3" },
      overrides: { dataFolder: data },
    });
    const estate = await openEstate(settings, { applicationName: "test", server: "start" });
    const sitting: Sitting = {
      witnesses: ["Wanda Witness", "Walter Witness"],
      sampleWitnesses: false,
      operator: "operator:test",
      software: "a test",
    };
    const lightsOut = (_: string, journaled?: string) => {
      if (journaled === "certify root-dca") throw new Error("the lights went out");
    };
    try {
      await expect(
        holdCeremonyIn(estate, { purpose: "found" }, sitting, { afterStep: lightsOut }),
      ).rejects.toThrow("lights");
    } finally {
      await estate.close();
    }
  });

  test("stands in the list and the status as unfinished, and keeps others from beginning", async () => {
    expect((await answer("list", ...at)).ceremonies).toMatchObject([{ state: "unfinished (begun)" }]);
    const { stderr } = await smki(["status", ...at]);
    expect(stderr).toContain("Ceremony 1 is unfinished");
    const { status, stderr: refusal } = await run("found", ...at, ...witnesses);
    expect(status).toBe(1);
    expect(refusal).toContain("[CEREMONY_UNFINISHED]");
    expect(refusal).toMatch(/ceremony resume.*ceremony abandon/);
  });

  test("is resumed; its record tells of both sittings, signed, as HTML and as PDF", async () => {
    const { record, html, pdf, ceremony } = await answer("resume", ...at, ...witnesses);
    expect(ceremony).toBe(1);
    const ledger = await smki(["ledger", "verify", ...at]);
    expect(ledger.status, ledger.stdout).toBe(0);
    expect(ledger.stdout).not.toContain("not yet sequenced");
    const key = parseVerifierKey(readFileSync(join(data, "ceremony-verifier-key.txt"), "utf8"));
    const text = openNote(readFileSync(record, "utf8"), [key]);
    expect(text).toMatch(/^OpenSMKI ceremony record\n/);
    expect(textOfPages(readFileSync(pdf)).join("").replace(/\s/g, "")).toContain(
      readFileSync(join(data, "ceremony-verifier-key.txt"), "utf8").trim(),
    );
    expect(text).toContain(`key stores: ceremony in the encrypted file ${join(data, "keys")}`);
    for (const shown of [text, readFileSync(html, "utf8"), textOfPages(readFileSync(pdf)).join("")])
      for (const name of ["Wanda Witness", "Þórunn Ełżbieta Ščepanović"]) expect(shown).toContain(name);
    expect((await answer("list", ...at)).ceremonies).toMatchObject([{ state: "recorded", missing: 0 }]);
    expect((await run("resume", ...at, ...witnesses)).stderr).toContain("[CEREMONY_NONE_UNFINISHED]");
  });

  test("has its files made again from the database, the same; another signed record there is kept", async () => {
    const { record, html, pdf } = await answer("record", "1", ...at);
    const before = [record, html, pdf].map((file) => readFileSync(file));
    writeFileSync(html, "lost");
    await answer("record", "1", ...at);
    expect([record, html, pdf].map((file) => readFileSync(file))).toEqual(before);
    writeFileSync(record, "altered");
    expect((await run("record", "1", ...at)).stderr).toContain("[CEREMONY_FILE_DIFFERS]");
    expect(readFileSync(record, "utf8")).toBe("altered");
    expect((await run("record", "7", ...at)).stderr).toContain("[CEREMONY_NOT_FOUND]");
  });
});

describe.skipIf(!hasPython)("at a terminal, in the estate that was founded [needs python3]", () => {
  const at = ["--data", data, ...witnesses];

  test.each(["no", "CTRL-C", "CTRL-D"])("a ceremony that is answered with %s is not begun", async (said) => {
    const { status, shown } = await atTerminal(["ceremony", "stock", "--count", "1", ...at], [said]);
    expect(shown).toContain("Type yes to go on:");
    expect(shown).toContain("[CEREMONY_NOT_CONFIRMED]");
    expect(status).toBe(1);
    expect((await answer("list", "--data", data)).ceremonies).toHaveLength(1);
  });

  test("a ceremony is held step by step, stopped between two, and abandoned when somebody says yes", async () => {
    const words = ["ceremony", "stock", "--count", "1", "--step-by-step", ...at];
    const { shown } = await atTerminal(words, ["yes", "", "", "stop"]);
    expect(shown).toMatch(
      /issuing-dca\/0004 key made [\s\S]*Next: record what is to be signed: issuing-dca\/0004/,
    );
    expect(shown).toContain("[CEREMONY_STOPPED]");
    const abandon = ["ceremony", "abandon", ...at];
    expect((await atTerminal(abandon, ["no"])).shown).toContain("[CEREMONY_NOT_CONFIRMED]");
    const abandoned = await atTerminal(abandon, ["yes"]);
    expect(abandoned.shown).toMatch(/Last step: 2, .*issuing-dca\/0004 key made/);
    expect(abandoned.shown).toContain("key issuing-dca/0004 destroyed in the operational store");
    expect(abandoned.status).toBe(0);
  });

  test("without a terminal nothing can be step by step, and a mistyped purpose is no founding", async () => {
    expect((await run("arl", "--step-by-step", ...at)).stderr).toContain("[CEREMONY_TERMINAL_NEEDED]");
    expect((await run("stok", ...at)).stderr).toContain("there is no `smki ceremony stok`");
  });
});

describe("a rehearsal", () => {
  const folder = join(temporaryFolder(), "data");
  const kept = join(folder, "ceremonies", "rehearsals");
  afterAll(() => {
    expect(existsSync(join(kept, "estate"))).toBe(false);
  });

  test("that was killed leaves what the next one clears; no two are held at once", async () => {
    const killed = startSmki(["ceremony", "arl", "--rehearsal", "--data", folder, ...witnesses]);
    await until(() => (existsSync(join(kept, "estate", "keys", "ceremony.keys")) ? true : undefined), 60_000);
    const second = await run("found", "--rehearsal", "--data", folder, ...witnesses);
    expect(second.stderr).toContain("[REHEARSAL_UNDER_WAY]");
    killed.kill("SIGKILL");
    await killed.ended;
    expect(existsSync(join(kept, "estate"))).toBe(true);

    const words = ["--authority", "issuing-dca/0002", "--reason", "superseded", ...witnesses];
    const { record, pdf, html } = await answer("revoke", "--rehearsal", "--data", folder, ...words);
    expect(readFileSync(record, "utf8")).toMatch(/^REHEARSAL/);
    expect(readFileSync(record, "utf8")).toContain("issuing-dca/0002 revoked");
    expect(readFileSync(html, "utf8")).toContain("REHEARSAL");
    const pages = textOfPages(readFileSync(pdf));
    for (const page of pages) expect(page).toContain("REHEARSAL: nothing made here is in use");
    const key = parseVerifierKey(readFileSync(record.replace(/\.txt$/, "-verifier-key.txt"), "utf8"));
    openNote(readFileSync(record, "utf8"), [key]);
  });

  test("leaves nothing in the data folder but its record: no estate is founded", () => {
    expect(readdirSync(folder)).toEqual(["ceremonies"]);
    expect(readdirSync(kept).filter((name) => !name.includes("-revoke"))).toEqual(["owner.lock"]);
  });
});
