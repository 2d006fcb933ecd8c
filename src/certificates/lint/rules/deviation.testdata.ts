import { expect } from "vitest";
import { replaced } from "../../der/replaced.testdata.ts";
import type { CertificateProfile } from "../../profiles/index.ts";
import { parseTbsCertificate } from "../../syntax/index.ts";
import { limits } from "../lint.testdata.ts";
import { lintTbsCertificate } from "../lint.ts";
import type { LintLimits } from "../rule.ts";
import { sampleTbs } from "../samples.testdata.ts";

/** A mutation of a conforming sample: the one rule that finds it, the octets (hex) that are there and that are put in. */
export type Deviation = readonly [
  rule: string,
  of: CertificateProfile,
  what: string,
  from: string,
  to: string,
  limits?: LintLimits,
];

/** The limits for certificates of our own making. */
export const issuedLimits: LintLimits = {
  ...limits,
  serialNumberFirstOctet: { lowest: 0x10, highest: 0x7f },
};

/** Expects the deviation to be found by its rule and by no other. */
export function expectFound([rule, of, , from, to, given = limits]: Deviation): void {
  const tbs = parseTbsCertificate(replaced(sampleTbs(of), from, to));
  const found = lintTbsCertificate(tbs, { limits: given, profile: of });
  expect(found.map((finding) => finding.rule)).toEqual([rule]);
}
