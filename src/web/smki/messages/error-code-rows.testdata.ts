import type { ErrorCode } from "../../../errors/catalogue.ts";
import { type ErrorCodeEntry, errorCodeTable } from "./error-code-table.ts";
import { codePrefixes } from "./statuses.ts";

/** A code of the web services: where it is told, with which status, and of which errors. */
export interface CodeRow {
  readonly code: string;
  readonly status: keyof typeof codePrefixes;
  readonly places: readonly ("adHoc" | "csr" | "batch")[];
  readonly errors: readonly string[];
}

const places = ["adHoc", "csr", "batch"] as const;
const placeNames = { adHoc: "ad hoc", csr: "CSR of a batch", batch: "batch" } as const;

/** Every code that the table can give, in the order of the table. */
export function codeRows(): CodeRow[] {
  const rows = new Map<
    string,
    {
      code: string;
      status: CodeRow["status"];
      places: Set<CodeRow["places"][number]>;
      errors: Set<string>;
    }
  >();
  for (const [error, entry] of Object.entries(errorCodeTable) as [ErrorCode, ErrorCodeEntry][])
    for (const [reason, one] of [["", entry] as const, ...Object.entries(entry.byReason ?? {})])
      for (const place of places) {
        const told = one[place];
        if (told === undefined) continue;
        const [status, value] = told;
        const code = `${codePrefixes[status]}:${value}`;
        const row = rows.get(`${code} ${status}`) ?? { code, status, places: new Set(), errors: new Set() };
        rows.set(`${code} ${status}`, row);
        row.places.add(place);
        row.errors.add(reason === "" ? `\`${error}\`` : `\`${error}\` (${reason})`);
      }
  return [...rows.values()].map((row) => ({ ...row, places: [...row.places], errors: [...row.errors] }));
}

/** The lines that docs/interfaces.md has of them. */
export function documentedRows(): string[] {
  return codeRows().map(({ code, status, places: told, errors }) => {
    const names = errors.filter((error) => !error.startsWith("`DER_"));
    if (names.length < errors.length) names.push("every `DER_` error");
    return `| \`${code}\` | ${status} | ${told.map((place) => placeNames[place]).join(", ")} | ${names.join(", ")} |`;
  });
}
