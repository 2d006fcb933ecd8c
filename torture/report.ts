import { table } from "../src/cli/output.ts";
import type { Kill } from "./run.ts";
import type { Side } from "./strike.ts";

const sideInWords: Record<Side, string> = {
  before: "before its commit",
  after: "after its commit",
  between: "between commits",
};

/** What every kill was followed by, in words. */
export const whatHeld = [
  "nothing acknowledged was lost",
  "each key was certified once",
  "no serial number was used twice",
  "no cap was exceeded",
  "list numbers rose by one, and nothing left a list",
  "the ledger verified, against every checkpoint seen before",
];

/** The kills by subject and step. */
export function killTable(kills: readonly Kill[]): string {
  const groups = Map.groupBy(kills, ({ subject, strike }) => `${subject}\t${strike.point.step}`);
  const rows = [...groups.values()].map((group) => {
    const [{ subject, strike } = { subject: "", strike: undefined }] = group;
    const count = (weapon: string) => String(group.filter((kill) => kill.strike.weapon === weapon).length);
    return [
      subject,
      strike?.point.step ?? "",
      sideInWords[strike?.point.side ?? "between"],
      count("process"),
      count("server"),
      count("machine"),
    ];
  });
  rows.sort(([a = "", b = ""], [c = "", d = ""]) => a.localeCompare(c) || b.localeCompare(d));
  return table(["subject", "step", "where", "process", "server", "both"], rows);
}
