import { certificateLineColumns } from "../../authorities/bulk-rows.ts";
import type { RowKind } from "./manifest.ts";

/** The line of headings of each file. */
export const headings: Readonly<Record<RowKind, readonly string[]>> = {
  certificates: certificateLineColumns,
  revocations: ["serialNumber", "authority", "revokedAt", "reason"],
  "not-in-use": ["serialNumber", "since"],
  lists: ["authority", "number", "list"],
};

/** The longest line that a reader takes: a list of a million revocations. */
export const longestLine = 64 * 1024 * 1024;

const time = String.raw`\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z`;
const serial = "[0-9a-f]{32}";
const authority = "[a-z0-9-]{1,40}(?:/[0-9]{1,12})?";
const base64 = "[A-Za-z0-9+/]+={0,2}";

/** The one form of each kind of row. No value holds a comma or quotation mark, so that a line is cut at its commas. */
const forms: Readonly<Record<RowKind, RegExp>> = {
  certificates: new RegExp(
    `^(${serial}),(authority|device|organisation),(DS|KA|CA),((?:[0-9a-f]{16})?),([0-9]{0,3}),(${authority}),((?:${time.replace(String.raw`\.\d{3}`, "")})?),(${time}),(${base64})$`,
  ),
  revocations: new RegExp(`^(${serial}),(${authority}),(${time}),([A-Za-z]{1,40})$`),
  "not-in-use": new RegExp(`^(${serial}),(${time})$`),
  lists: new RegExp(`^(${authority}),([1-9][0-9]{0,15}),(${base64})$`),
};

/** Takes a line apart. @returns its values in the order of the headings; undefined for what is no such row */
export const readRow = (kind: RowKind, line: string): string[] | undefined =>
  forms[kind].exec(line)?.slice(1);

/** Certificates and revocations of the Issuing ICA are left out, with its list: they name persons. */
export const isLeftOut = (authorityId: string): boolean => /^iki-issuing(?:\/|$)/.test(authorityId);
