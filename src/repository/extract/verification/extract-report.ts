import { printable } from "../../../certificates/index.ts";
import type { ExtractReport } from "./verify-extract.ts";

/** How extracts were judged, in words for a person. */
export function formatExtractReport({ holds, extracts, rows, findings }: ExtractReport): string {
  const of = extracts.map(
    ({ name, kind, fromSize, size }) =>
      `  ${name}: ${kind === "full" ? "everything" : "what was done"} from leaf ${String(fromSize)} to the checkpoint of ${String(size)}`,
  );
  if (holds)
    return [`Holds: ${String(rows)} rows are all that the ledger tells of, and nothing else.`, ...of].join(
      "\n",
    );
  const found = findings.map(({ folder, what }) => printable(`  ${folder}: ${what}`));
  return ["Does NOT hold:", ...found, "Judged:", ...of].join("\n");
}
