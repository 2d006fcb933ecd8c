import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { isSmkiError } from "../../errors/smki-error.ts";
import { readXmlDocument } from "./index.ts";
import { mutatedDocument } from "./xml.testdata.ts";

const hasXmllint = spawnSync("xmllint", ["--version"]).error === undefined;

function isAccepted(octets: Uint8Array): boolean {
  try {
    readXmlDocument(octets);
    return true;
  } catch (error) {
    if (isSmkiError(error)) return false;
    throw error;
  }
}

test.skipIf(!hasXmllint)("no mutant is accepted that libxml2 finds malformed [needs xmllint]", () => {
  const accepted = fc.sample(mutatedDocument, 4000).filter(isAccepted);
  expect(accepted.length).toBeGreaterThan(300);
  const folder = mkdtempSync(join(tmpdir(), "xmllint-"));
  try {
    const files = accepted.map((octets, index) => {
      const file = join(folder, `${String(index)}.xml`);
      writeFileSync(file, octets);
      return file;
    });
    const { stderr } = spawnSync("xmllint", ["--nonet", "--noout", ...files], {
      encoding: "utf8",
      maxBuffer: 2 ** 26,
    });
    // A prefix that is bound to nothing is well-formed XML 1.0; namespaces are not ours to resolve.
    expect(stderr.split("\n").filter((line) => line.includes("parser error"))).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
