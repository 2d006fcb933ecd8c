import type { TbsRule } from "../rule.ts";

const dayLength = 86_400_000;

/**
 * Counted in calendar years, by whole days: the last day may be the anniversary of the first. The DCC's re-issues of
 * 2025 run from the first second of 2025-09-01 to the last of 2035-09-01.
 */
export const validityOrganisation: TbsRule = {
  name: "validity-organisation",
  source: "SEC Appendix B 6.3.2",
  appliesTo: (profile) => profile === "organisation",
  check: ({ validity: { notBefore, notAfter } }, { limits }) =>
    notAfter.milliseconds < endOfAnniversary(notBefore.milliseconds, limits.organisationYears)
      ? undefined
      : `${notBefore.text} to ${notAfter.text} is longer than ${String(limits.organisationYears)} years`,
};

function endOfAnniversary(milliseconds: number, years: number): number {
  const date = new Date(milliseconds);
  return Date.UTC(date.getUTCFullYear() + years, date.getUTCMonth(), date.getUTCDate()) + dayLength;
}
