import type { ErrorEntry } from "../src/errors/entry.ts";

/** The page that lists every error code with what happened, what to do, and the HTTP status. */
export function errorsPage(catalogue: Readonly<Record<string, ErrorEntry>>): string {
  const rows = Object.entries(catalogue)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([code, { what, remedy, status }]) =>
        `| \`${code}\` | ${cell(what)} | ${cell(remedy)} | ${String(status)} |`,
    );
  return `# Error codes

Every refusal and failure has a code. Codes are part of the interface: one that is published keeps its meaning.
The command line prints the code, what happened and what to do; the JSON API answers with the same and the
status given here; the published interfaces of the Code map it to codes of their own.

This page is generated from \`src/errors/\` by \`node scripts/errors-page.ts\`.

| code | what happened | what to do | HTTP |
|---|---|---|---|
${rows.join("\n")}
`;
}

/** A table cell ends at a bar or a line end, and angle brackets would be taken for HTML. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replace(/\s+/g, " ");
}
