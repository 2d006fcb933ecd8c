import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isSmkiError } from "../../../errors/smki-error.ts";
import { mutatedMessage, ownMessages, readAny } from "../messages/messages.testdata.ts";
import { schemaPath } from "./index.ts";

const hasXmllint = spawnSync("xmllint", ["--version"]).error === undefined;

/** Which of the documents are valid under the schema of their service, as libxml2 judges. */
function validity(documents: readonly Uint8Array[]): boolean[] {
  const folder = mkdtempSync(join(tmpdir(), "xmllint-"));
  try {
    const valid = documents.map(() => false);
    for (const service of ["adHoc", "batched"] as const) {
      const files = documents.map((octets, index) => {
        const file = join(folder, `${String(index)}.xml`);
        writeFileSync(file, octets);
        return file;
      });
      const { stderr, error } = spawnSync(
        "xmllint",
        ["--nonet", "--noout", "--schema", schemaPath(service), ...files],
        { encoding: "latin1", maxBuffer: 2 ** 28 },
      );
      if (error !== undefined) throw error;
      // Namespace errors are told and validated over; such a document is not well-formed in Namespaces in XML.
      const broken = new Set(
        [...stderr.matchAll(/^(\S+\.xml):\d+: namespace error/gm)].map(([, file]) => file),
      );
      const validated = new Set([...stderr.matchAll(/^(\S+\.xml) validates$/gm)].map(([, file]) => file));
      for (const [index, file] of files.entries())
        if (validated.has(file) && !broken.has(file)) valid[index] = true;
    }
    return valid;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Why a document is refused here; undefined if it is taken. */
function refusalOf(octets: Uint8Array): string | undefined {
  try {
    readAny(octets);
    return undefined;
  } catch (error) {
    if (!isSmkiError(error)) throw error;
    return error.message;
  }
}

/** What the schemas permit and this project refuses, by what it says then, and why. docs/interfaces.md has the list. */
const stricter: readonly (readonly [RegExp, string])[] = [
  [/processing instruction|CDATA section|document type/, "ways to have one document read in two ways"],
  [/declared encoding|XML version/, "the messages are XML 1.0 in UTF-8"],
  [/The ID of a DeviceCSR is not an XML name/, "letters that only some editions of XML let a name have"],
  [
    /attribute .* of (the root|[A-Z])/,
    "namespaces and schema hints on another element than the root, xsi:type, xsi:nil",
  ],
  [
    /Certificate expected|Error expected|empty Certificate|with(out)? Error/,
    "a status and what contradicts it",
  ],
  [/DeviceCertificate with|BatchId expected|no more expected/, "a status and what contradicts it"],
  [/characters\)? is not taken|text of over/, "a limit of size"],
  [/not Base64 as this interface takes it/, "characters that Base64 has not, which libxml2 passes over"],
  [/disallowed character/, "a NUL after the root, at which libxml2 ends the document"],
];

describe.skipIf(!hasXmllint)("against the schemas, as libxml2 reads them [needs xmllint]", () => {
  test("every message that is written here is valid, with every status", () => {
    const verdicts = validity(ownMessages.map(([, message]) => Buffer.from(message)));
    expect(ownMessages.filter((_, index) => verdicts[index] !== true).map(([name]) => name)).toEqual([]);
  });

  test("what libxml2 refuses is refused here; what it takes is taken, but for reasons that are listed", () => {
    const mutants = fc.sample(mutatedMessage, 2500);
    const verdicts = validity(mutants);
    const laxer: string[] = [];
    const unlisted: string[] = [];
    let both = 0;
    let neither = 0;
    for (const [index, mutant] of mutants.entries()) {
      const refusal = refusalOf(mutant);
      if (verdicts[index] !== true) {
        if (refusal === undefined) laxer.push(mutant.toString());
        else neither += 1;
      } else if (refusal === undefined) both += 1;
      else if (!stricter.some(([told]) => told.test(refusal)))
        unlisted.push(`${refusal}: ${mutant.toString()}`);
    }
    expect(laxer).toEqual([]);
    expect(unlisted).toEqual([]);
    // Neither side alone would show anything.
    expect(both).toBeGreaterThan(250);
    expect(neither).toBeGreaterThan(700);
  });
});
